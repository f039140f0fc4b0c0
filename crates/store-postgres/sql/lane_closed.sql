-- Lanes of running campaigns whose hours are over, by lanes_closes_at_idx; their next hours are for the caller to reckon.
-- $1 the most lanes.
SELECT lanes.campaign_id, lanes.zone, campaigns.settings
FROM lanes
JOIN campaigns ON campaigns.id = lanes.campaign_id
WHERE lanes.running AND lanes.closes_at <= now() AND campaigns.state = 'running'
ORDER BY lanes.closes_at
LIMIT $1
