-- The partition that a campaign's messages stand in, by messages_pkey.
-- $1 campaign.
SELECT tableoid::regclass::text AS partition FROM messages WHERE campaign_id = $1 LIMIT 1
