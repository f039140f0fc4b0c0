-- Gives up a campaign that cannot be prepared. By campaigns_pkey.
-- $1 campaign, $2 reason.
WITH failed AS (
    UPDATE campaigns
    SET state = 'failed', state_reason = $2, finished_at = now(), version = version + 1, updated_at = now()
    WHERE id = $1 AND state = 'preparing'
    RETURNING id
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', 'campaign.fail', 'campaign', failed.id::text, jsonb_build_object('reason', $2::text) FROM failed
