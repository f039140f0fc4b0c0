-- What a campaign's messages may go by: its own sender first, then those of its sender's routes, by campaigns_pkey,
-- sender_routes_pkey and senders_pkey. $1 campaign.
SELECT senders.id, senders.provider, senders.kind, senders.value
FROM campaigns
CROSS JOIN LATERAL (
    SELECT ARRAY[campaigns.sender_id]
           || ARRAY(SELECT unnest(sender_routes.via) FROM sender_routes
                    WHERE sender_routes.sender_id = campaigns.sender_id) AS ids
) AS may
JOIN senders ON senders.id = ANY (may.ids)
WHERE campaigns.id = $1
ORDER BY senders.id <> campaigns.sender_id
