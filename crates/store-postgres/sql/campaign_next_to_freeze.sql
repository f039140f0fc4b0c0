-- The campaign that waits longest for its audience to be frozen, by campaigns_live_idx.
SELECT * FROM campaigns WHERE state = 'preparing' ORDER BY launched_at LIMIT 1
