-- Keeps what somebody wrote, once, with the message that it answers: the last that a campaign of the last 30 days sent to the
-- number. By inbound_messages_event_key, campaigns_pkey and messages_phone_key.
-- $1 provider, $2 event, $3 phone or NULL, $4 text, $5 meaning, $6 whether that is doubtful.
INSERT INTO inbound_messages (provider, event_id, phone, body, meaning, is_doubtful, campaign_id, seq)
SELECT $1, $2, $3::bigint, $4, $5, $6, answered.campaign_id, answered.seq
FROM (SELECT) AS one
LEFT JOIN LATERAL (
    SELECT message.campaign_id, message.seq
    FROM (
        SELECT campaigns.id
        FROM campaigns
        WHERE campaigns.id >= uuid_v7_floor(now() - interval '30 days') AND campaigns.state <> 'draft'
        ORDER BY campaigns.id DESC
        LIMIT 500
    ) AS recent
    CROSS JOIN LATERAL (
        SELECT messages.campaign_id, messages.seq
        FROM messages
        WHERE messages.campaign_id = recent.id AND messages.phone = $3::bigint AND messages.attempt > 0
        OFFSET 0
    ) AS message
    LIMIT 1
) AS answered ON true
ON CONFLICT (provider, event_id) DO NOTHING
