-- Takes entries whose deadline has passed, and names their messages that still wait for it. Two sweeps never take the
-- same entry. Carried by due_not_before_idx and messages_pkey.
-- $1 the most entries.
WITH passed AS (
    DELETE FROM due
    WHERE (campaign_id, seq, kind) IN (
        SELECT campaign_id, seq, kind FROM due
        WHERE kind <> 'retry' AND not_before <= now()
        ORDER BY not_before LIMIT $1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING campaign_id, kind, seqs
)
SELECT passed.campaign_id, passed.kind, message.seq, message.attempt
FROM passed
CROSS JOIN unnest(passed.seqs) AS part
CROSS JOIN LATERAL (
    SELECT messages.seq, messages.attempt
    FROM messages
    WHERE messages.campaign_id = passed.campaign_id
      AND messages.seq >= lower(part) AND messages.seq < upper(part)
      AND messages.state = CASE passed.kind WHEN 'receipt' THEN 'sent' ELSE 'uncertain' END::message_state
    OFFSET 0
) AS message
