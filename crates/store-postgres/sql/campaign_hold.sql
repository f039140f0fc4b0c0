-- Pauses a running campaign for a reason that a worker met, its lanes with it. By campaigns_pkey and lanes_pkey.
-- $1 campaign, $2 reason.
WITH held AS (
    UPDATE campaigns SET state = 'paused', state_reason = $2, version = version + 1, updated_at = now()
    WHERE id = $1 AND state = 'running'
    RETURNING id
),
stopped AS (
    UPDATE lanes SET running = false FROM held WHERE lanes.campaign_id = held.id
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', 'campaign.pause', 'campaign', held.id::text, jsonb_build_object('reason', $2::text) FROM held
