-- The bill of a campaign, by campaigns_pkey, senders_pkey and campaign_bills_pkey.
-- $1 campaign.
SELECT coalesce(campaigns.price_micros_per_segment, senders.price_micros_per_segment) AS price_micros_per_segment,
       CASE WHEN campaigns.price_micros_per_segment IS NULL THEN senders.currency ELSE campaigns.currency END AS currency,
       bills.is_whole, bills.looked_at, bills.sent, bills.sent_segments, bills.billed, bills.billed_segments, bills.differing,
       ARRAY(SELECT cost.key FROM jsonb_each_text(bills.costs) AS cost ORDER BY cost.key) AS currencies,
       ARRAY(SELECT cost.value::bigint FROM jsonb_each_text(bills.costs) AS cost ORDER BY cost.key) AS micros
FROM campaigns
JOIN senders ON senders.id = campaigns.sender_id
LEFT JOIN campaign_bills AS bills ON bills.campaign_id = campaigns.id
WHERE campaigns.id = $1
