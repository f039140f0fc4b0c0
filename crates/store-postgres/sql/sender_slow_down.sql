-- Keeps a campaign's sender from being claimed from for some seconds, by campaigns_pkey and paces_pkey.
-- $1 campaign, $2 seconds.
UPDATE paces
SET not_before = greatest(paces.not_before, now() + make_interval(secs => $2::float8))
FROM campaigns
WHERE campaigns.id = $1 AND paces.owner = 'sender:' || campaigns.sender_id
