-- Keeps what a provider posted, once. Carried by provider_events_event_key.
INSERT INTO provider_events (provider, event_id, kind, reference, campaign_id, seq, attempt, phone, provider_id,
                             report, reason, opted_out, occurred_at, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::jsonb)
ON CONFLICT (provider, event_id) DO NOTHING
