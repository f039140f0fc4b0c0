-- Moves events that speak of a message of ours, to the phone it went to, into its receipts; the others stay, with what is
-- wrong with them; those of messages or attempts that are not known yet are looked at again, after a wait that doubles.
-- Carried by provider_events_pkey, messages_pkey and message_receipts_pkey; the upsert is of rows that are there and locked
-- (docs/decisions/002).
-- $1 ids, $2 seconds of the first wait, $3 seconds since it came after which an event is not looked at again.
WITH judged AS (
    SELECT events.*, events.ctid AS place,
           CASE WHEN events.campaign_id IS NULL THEN 'no_reference'
                WHEN messages.seq IS NULL THEN 'unknown_message'
                WHEN messages.phone IS DISTINCT FROM events.phone THEN 'phone_mismatch'
                WHEN events.attempt > messages.attempt THEN 'unknown_attempt'
                ELSE 'settled' END AS verdict
    FROM provider_events AS events
    LEFT JOIN LATERAL (
        SELECT messages.seq, messages.phone, messages.attempt
        FROM messages
        WHERE messages.campaign_id = events.campaign_id AND messages.seq = events.seq
        OFFSET 0
    ) AS messages ON true
    WHERE events.id = ANY($1)
),
kept AS (
    INSERT INTO message_receipts (campaign_id, seq, attempt, status, event_id, provider_id, occurred_at, received_at, payload)
    SELECT campaign_id, seq, attempt, report, event_id, provider_id, occurred_at, received_at, payload
    FROM judged
    WHERE verdict = 'settled'
    ORDER BY campaign_id, seq, event_id
    ON CONFLICT DO NOTHING
),
gone AS (
    DELETE FROM provider_events WHERE ctid = ANY (ARRAY(SELECT place FROM judged WHERE verdict = 'settled'))
)
INSERT INTO provider_events AS events (id, provider, event_id, kind, payload, examined_at, outcome, looks, again_at)
OVERRIDING SYSTEM VALUE
SELECT judged.id, judged.provider, judged.event_id, judged.kind, judged.payload, now(), judged.verdict,
       least(judged.looks + 1, 1000)::smallint,
       CASE WHEN judged.verdict IN ('unknown_message', 'unknown_attempt')
                 AND judged.received_at > now() - make_interval(secs => $3)
            THEN now() + make_interval(secs => $2 * 2 ^ least(judged.looks, 20)) END
FROM judged
WHERE judged.verdict <> 'settled'
ORDER BY judged.id
ON CONFLICT (id) DO UPDATE
SET examined_at = excluded.examined_at, outcome = excluded.outcome, looks = excluded.looks, again_at = excluded.again_at
