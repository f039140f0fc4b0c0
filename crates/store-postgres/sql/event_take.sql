-- Takes events that nobody has examined, the oldest first. Carried by provider_events_waiting_idx.
-- $1 the most events.
SELECT id, campaign_id, seq, attempt, phone, report, reason, opted_out
FROM provider_events
WHERE examined_at IS NULL
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED
