-- Notes that the provider of a campaign's sender is left alone for some seconds, by campaigns_pkey and paces_pkey. Nothing goes by it.
-- $1 campaign, $2 seconds.
UPDATE paces
SET away_until = now() + make_interval(secs => $2::float8)
FROM campaigns
WHERE campaigns.id = $1 AND paces.owner = 'sender:' || campaigns.sender_id
