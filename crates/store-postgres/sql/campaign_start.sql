-- Ends the freezing of a campaign that was locked: it runs, or it is paused where it would cost more than it may; its lanes
-- are given their times, the canary its gate, its permits are published. By campaigns_pkey and lanes_pkey.
-- $1 campaign, $2 permits, $3 what to pause it for, or NULL; one entry for each lane in $4 zones, $5 opens, $6 closes;
-- $7 messages of the canary or NULL, $8 messages a second or NULL.
WITH started AS (
    UPDATE campaigns
    SET state = CASE WHEN $3::text IS NULL THEN 'running' ELSE 'paused' END, state_reason = $3,
        audience = frozen_messages, cost_micros = coalesce(cost_micros, 0), permitted_at = now(),
        freezing_by = NULL, freezing_until = '-infinity',
        numbering_plan = (SELECT version FROM numbering_plans WHERE is_in_force),
        version = version + 1, updated_at = now()
    WHERE id = $1
    RETURNING id, priority, frozen_messages, state
),
-- The canary is taken from the largest lane; the others wait behind it.
largest AS (
    SELECT lanes.zone FROM lanes WHERE lanes.campaign_id = $1
    ORDER BY lanes.end_seq - lanes.next_seq DESC, lanes.zone
    LIMIT 1
),
opened AS (
    UPDATE lanes
    SET running = (started.state = 'running'), opens_at = entry.opens_at, closes_at = entry.closes_at,
        gate_seq = CASE WHEN $7::integer IS NULL THEN NULL
                        WHEN lanes.zone = (SELECT largest.zone FROM largest)
                            THEN least(lanes.next_seq::bigint + $7::integer, lanes.end_seq)::integer
                        ELSE lanes.next_seq END
    FROM started
    CROSS JOIN unnest($4::text[], $5::timestamptz[], $6::timestamptz[]) AS entry (zone, opens_at, closes_at)
    WHERE lanes.campaign_id = started.id AND lanes.zone = entry.zone
),
paced AS (
    INSERT INTO paces (owner, per_second)
    SELECT 'campaign:' || started.id, $8::float8 FROM started WHERE $8::float8 IS NOT NULL
    ON CONFLICT (owner) DO UPDATE SET per_second = excluded.per_second
),
permitted AS (
    INSERT INTO outbox (campaign_id, priority)
    SELECT started.id, started.priority
    FROM started
    CROSS JOIN generate_series(1, $2::integer)
    WHERE started.state = 'running'
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', CASE WHEN started.state = 'running' THEN 'campaign.start' ELSE 'campaign.pause' END, 'campaign',
       started.id::text, jsonb_build_object('audience', started.frozen_messages, 'reason', $3::text)
FROM started
