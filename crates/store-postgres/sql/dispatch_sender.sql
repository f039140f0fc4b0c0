-- Where a campaign's messages come from, by campaigns_pkey and senders_pkey.
SELECT senders.kind, senders.value
FROM campaigns
JOIN senders ON senders.id = campaigns.sender_id
WHERE campaigns.id = $1
