-- Keeps a campaign's sender from being claimed from for some seconds, by campaigns_pkey and paces_pkey.
-- $1 campaign, $2 seconds, $3 seconds of pace that are sold ahead, of which high priority has twice as many.
UPDATE paces
SET next_free_at = greatest(paces.next_free_at, now() + make_interval(secs => $2::float8 + 2 * $3::float8))
FROM campaigns
WHERE campaigns.id = $1 AND paces.owner = 'sender:' || campaigns.sender_id
