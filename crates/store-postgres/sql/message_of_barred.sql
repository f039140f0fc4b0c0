-- Names what live campaigns have queued to those of some numbers that are barred, by suppressions_pkey, campaigns_live_idx
-- and messages_phone_key.
-- $1 phones.
SELECT campaigns.id AS campaign_id, message.seq, message.attempt
FROM campaigns
CROSS JOIN unnest($1::bigint[]) AS barred (phone)
CROSS JOIN LATERAL (
    SELECT messages.seq, messages.attempt
    FROM messages
    WHERE messages.campaign_id = campaigns.id AND messages.phone = barred.phone AND messages.state = 'queued'
    OFFSET 0
) AS message
WHERE campaigns.state NOT IN ('draft', 'completed', 'canceled', 'failed')
  AND EXISTS (SELECT FROM suppressions
              WHERE suppressions.phone_national = barred.phone
                -- Who said no is told so.
                AND NOT (campaigns.kind = 'reply' AND suppressions.source = 'opt_out')
                AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
