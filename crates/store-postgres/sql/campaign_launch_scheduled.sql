-- Launches scheduled campaigns whose time has come, at the price of the day. By campaigns_scheduled_idx.
WITH launched AS (
    UPDATE campaigns
    SET state = 'preparing', launched_at = now(), version = version + 1, updated_at = now(),
        price_micros_per_segment = senders.price_micros_per_segment
    FROM senders
    WHERE campaigns.id IN (
            SELECT id FROM campaigns WHERE state = 'scheduled' AND schedule_at <= now()
            ORDER BY schedule_at LIMIT 100 FOR UPDATE SKIP LOCKED)
      AND senders.id = campaigns.sender_id
    RETURNING campaigns.id, campaigns.schedule_at
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', 'campaign.launch', 'campaign', launched.id::text, jsonb_build_object('scheduled_for', launched.schedule_at)
FROM launched
