-- The attempts of a message, by message_attempts_pkey.
SELECT attempt, outcome, reason, provider_id, sender_id, started_at, finished_at
FROM message_attempts
WHERE campaign_id = $1 AND seq = $2
ORDER BY attempt
LIMIT 100
