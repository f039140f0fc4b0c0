-- Has a permit of a campaign published in some seconds, as long as the campaign lives.
-- $1 campaign, $2 seconds, $3 how many.
INSERT INTO outbox (campaign_id, priority, not_before)
SELECT campaigns.id, campaigns.priority, now() + make_interval(secs => $2)
FROM campaigns
CROSS JOIN generate_series(1, $3::integer)
WHERE campaigns.id = $1 AND campaigns.state = 'running'
