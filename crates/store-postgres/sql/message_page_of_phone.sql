-- What was sent to a number, the latest campaign first: each campaign is asked for it, by campaigns_pkey and
-- messages_phone_key.
-- $1 phone, $2 the campaign before which, or NULL, $3 how many.
SELECT message.campaign_id, message.seq, message.phone, message.state::text, message.reason, message.attempt,
       message.segments, message.changed_at
FROM campaigns
CROSS JOIN LATERAL (
    SELECT * FROM messages WHERE messages.campaign_id = campaigns.id AND messages.phone = $1
) AS message
WHERE campaigns.state <> 'draft' AND ($2::uuid IS NULL OR campaigns.id < $2)
ORDER BY campaigns.id DESC
LIMIT $3
