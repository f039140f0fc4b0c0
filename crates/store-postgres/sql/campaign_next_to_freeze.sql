-- The campaign that waits longest for its audience to be frozen, by campaigns_live_idx; none while an empty table of contacts
-- is being loaded, for an audience would be a part of itself.
SELECT * FROM campaigns
WHERE state = 'preparing' AND NOT EXISTS (SELECT FROM deferred_indexes)
ORDER BY launched_at
LIMIT 1
