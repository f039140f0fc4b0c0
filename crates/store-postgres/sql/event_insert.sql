-- Keeps what providers posted, each once: what speaks of an attempt of ours, to the phone it went to, becomes a receipt,
-- and waits to be settled where it changes something; the rest goes into the inbox. Carried by messages_pkey,
-- message_receipts_pkey and provider_events_event_key.
-- One entry for each event: $1 providers, $2 ids, $3 kinds, $4 references, $5 campaigns, $6 seqs, $7 attempts, $8 phones,
-- $9 provider's ids, $10 reports, $11 reasons, $12 opted out, $13 occurred at, $14 payloads; $15 the reports that change a
-- message, each with a state that it changes, as in 'delivered:sent'.
WITH entry AS (
    SELECT entry.*, (message.phone = entry.phone AND message.attempt >= entry.attempt AND entry.report <> 'inbound') IS TRUE
               AS is_ours,
           -- What says nothing new now never will: a report is of the moment in which it came.
           entry.opted_out OR (message.attempt = entry.attempt AND entry.report || ':' || message.state = ANY ($15)) AS is_news
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int4[], $7::int2[], $8::int8[],
                $9::text[], $10::text[], $11::text[], $12::bool[], $13::timestamptz[], $14::text[])
         AS entry (provider, event_id, kind, reference, campaign_id, seq, attempt, phone, provider_id, report, reason,
                   opted_out, occurred_at, payload)
    LEFT JOIN LATERAL (
        SELECT messages.phone, messages.attempt, messages.state
        FROM messages
        WHERE messages.campaign_id = entry.campaign_id AND messages.seq = entry.seq
        OFFSET 0
    ) AS message ON true
),
kept AS (
    INSERT INTO message_receipts (campaign_id, seq, attempt, status, event_id, provider_id, occurred_at, payload)
    SELECT entry.campaign_id, entry.seq, entry.attempt, entry.report, entry.event_id, entry.provider_id,
           entry.occurred_at, entry.payload::json
    FROM entry
    WHERE entry.is_ours
    ORDER BY entry.campaign_id, entry.seq, entry.event_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
),
waiting AS (
    INSERT INTO unsettled_receipts (campaign_id, seq, attempt, phone, report, reason, opted_out)
    SELECT entry.campaign_id, entry.seq, entry.attempt, entry.phone, entry.report, entry.reason, entry.opted_out
    FROM entry
    -- A set that is hashed: joined, each would be compared with each.
    WHERE entry.is_ours AND entry.is_news AND (entry.event_id IN (SELECT kept.event_id FROM kept)) IS TRUE
),
inbox AS (
    INSERT INTO provider_events (provider, event_id, kind, reference, campaign_id, seq, attempt, phone, provider_id,
                                 report, reason, opted_out, occurred_at, payload)
    SELECT entry.provider, entry.event_id, entry.kind, entry.reference, entry.campaign_id, entry.seq, entry.attempt,
           entry.phone, entry.provider_id, entry.report, entry.reason, entry.opted_out, entry.occurred_at,
           entry.payload::json
    FROM entry
    WHERE NOT entry.is_ours
    ORDER BY entry.provider, entry.event_id
    ON CONFLICT (provider, event_id) DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM kept) + (SELECT count(*) FROM inbox) AS new_events
