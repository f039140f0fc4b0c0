-- Takes events of messages or attempts that were not known, once their time has come. Carried by provider_events_again_idx.
-- $1 the most events.
SELECT id, campaign_id, seq, attempt, phone, report, reason, opted_out
FROM provider_events
WHERE again_at <= now()
ORDER BY again_at
LIMIT $1
FOR UPDATE SKIP LOCKED
