-- A campaign's messages by their place, by messages_pkey.
-- $1 campaign, $2 behind which, $3 state or NULL, $4 how many.
SELECT campaign_id, seq, phone, state::text, reason, attempt, segments, changed_at
FROM messages
WHERE campaign_id = $1 AND seq > $2 AND ($3::text IS NULL OR state = $3::text::message_state)
ORDER BY seq
LIMIT $4
