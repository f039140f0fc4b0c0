-- Who sends a campaign's messages, and where they come from, by campaigns_pkey and senders_pkey.
SELECT senders.provider, senders.kind, senders.value
FROM campaigns
JOIN senders ON senders.id = campaigns.sender_id
WHERE campaigns.id = $1
