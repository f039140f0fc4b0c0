-- Takes the campaign that waits longest for its audience to be frozen, for so long, or what this worker had taken before,
-- by campaigns_live_idx and senders_pkey; none while an
-- empty table of contacts is being loaded, for an audience would be a part of itself.
-- $1 the worker, $2 seconds.
UPDATE campaigns SET freezing_by = $1, freezing_until = now() + make_interval(secs => $2)
WHERE id IN (
    SELECT id FROM campaigns
    WHERE state = 'preparing' AND (freezing_until < now() OR freezing_by = $1) AND NOT EXISTS (SELECT FROM deferred_indexes)
    ORDER BY launched_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
RETURNING *, (SELECT senders.identity FROM senders WHERE senders.id = campaigns.sender_id) AS identity
