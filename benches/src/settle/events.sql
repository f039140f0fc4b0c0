-- Receipts of delivery, as the api keeps them. $1 first and $2 last message.
INSERT INTO provider_events (provider, event_id, kind, reference, campaign_id, seq, attempt, phone, provider_id, report,
                             occurred_at, payload)
SELECT 'telnyx', 'bench-' || messages.seq, 'message.finalized', 'bench', messages.campaign_id, messages.seq, 1,
       messages.phone, 'provider-' || messages.seq, 'delivered', now(),
       jsonb_build_object('data', jsonb_build_object('id', messages.seq, 'text', messages.body))
FROM messages
JOIN campaigns ON campaigns.id = messages.campaign_id AND campaigns.name = 'recibos'
WHERE messages.seq BETWEEN $1 AND $2
