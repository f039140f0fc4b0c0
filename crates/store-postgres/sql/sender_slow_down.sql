-- Keeps a campaign's sender from being claimed from for some seconds, by campaigns_pkey and sender_paces_pkey.
-- $1 campaign, $2 seconds, $3 seconds of pace that are sold ahead.
UPDATE sender_paces
SET next_free_at = greatest(sender_paces.next_free_at, now() + make_interval(secs => $2::float8 + $3::float8))
FROM campaigns
WHERE campaigns.id = $1 AND sender_paces.sender_id = campaigns.sender_id
