-- The campaign that ended the longest ago, of those that ended long enough ago and whose bill is not whole. Carried by
-- campaigns_unbilled_idx, senders_pkey and campaign_bills_pkey.
-- $1 seconds since the end.
SELECT campaigns.id, senders.provider, senders.value AS sender, coalesce(bills.billed_to, 0) AS billed_to
FROM campaigns
JOIN senders ON senders.id = campaigns.sender_id
LEFT JOIN campaign_bills AS bills ON bills.campaign_id = campaigns.id
WHERE campaigns.kind = 'campaign' AND campaigns.finished_at <= now() - make_interval(secs => $1) AND NOT campaigns.is_billed
ORDER BY campaigns.finished_at
LIMIT 1
