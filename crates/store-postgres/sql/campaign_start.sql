-- Ends the freezing of a campaign that was locked: it runs, its lane is open, its permits are published.
-- $1 campaign, $2 time zone of the lane, $3 permits.
WITH started AS (
    UPDATE campaigns
    SET state = 'running', audience = frozen_messages, cost_micros = coalesce(cost_micros, 0), permitted_at = now(),
        version = version + 1, updated_at = now()
    WHERE id = $1
    RETURNING id, priority, frozen_messages
),
opened AS (
    INSERT INTO lanes (campaign_id, zone, running, next_seq, end_seq)
    SELECT started.id, $2, true, 1, started.frozen_messages + 1 FROM started
),
permitted AS (
    INSERT INTO outbox (campaign_id, priority)
    SELECT started.id, started.priority FROM started CROSS JOIN generate_series(1, $3::integer)
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', 'campaign.start', 'campaign', started.id::text, jsonb_build_object('audience', started.frozen_messages)
FROM started
