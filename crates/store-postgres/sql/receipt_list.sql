-- The receipts of a message, by message_receipts_pkey.
SELECT attempt, status, occurred_at, received_at
FROM message_receipts
WHERE campaign_id = $1 AND seq = $2
ORDER BY received_at, event_id
LIMIT 100
