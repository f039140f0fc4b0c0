-- Keeps what providers posted, each once. Carried by provider_events_event_key.
-- One entry for each event: $1 providers, $2 ids, $3 kinds, $4 references, $5 campaigns, $6 seqs, $7 attempts, $8 phones,
-- $9 provider's ids, $10 reports, $11 reasons, $12 opted out, $13 occurred at, $14 payloads.
INSERT INTO provider_events (provider, event_id, kind, reference, campaign_id, seq, attempt, phone, provider_id,
                             report, reason, opted_out, occurred_at, payload)
SELECT entry.provider, entry.event_id, entry.kind, entry.reference, entry.campaign_id, entry.seq, entry.attempt,
       entry.phone, entry.provider_id, entry.report, entry.reason, entry.opted_out, entry.occurred_at, entry.payload::jsonb
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int4[], $7::int2[], $8::int8[], $9::text[],
            $10::text[], $11::text[], $12::bool[], $13::timestamptz[], $14::text[])
     AS entry (provider, event_id, kind, reference, campaign_id, seq, attempt, phone, provider_id, report, reason,
               opted_out, occurred_at, payload)
ORDER BY entry.provider, entry.event_id
ON CONFLICT (provider, event_id) DO NOTHING
