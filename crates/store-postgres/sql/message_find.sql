-- One message, by messages_pkey.
SELECT campaign_id, seq, phone, state::text, reason, attempt, segments, changed_at, body
FROM messages
WHERE campaign_id = $1 AND seq = $2
