-- The lanes of a campaign, by lanes_pkey.
-- $1 campaign.
SELECT zone FROM lanes WHERE campaign_id = $1 ORDER BY zone
