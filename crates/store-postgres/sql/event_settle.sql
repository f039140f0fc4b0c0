-- Moves events that speak of a message of ours, to the phone it went to, into its receipts; the others stay, with what is
-- wrong with them; those of messages or attempts that are not known yet are looked at again, after a wait that doubles.
-- Carried by provider_events_pkey, messages_pkey and message_receipts_pkey.
-- $1 ids, $2 seconds of the first wait, $3 seconds since it came after which an event is not looked at again.
WITH judged AS (
    SELECT events.*,
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
    ON CONFLICT DO NOTHING
),
gone AS (
    DELETE FROM provider_events USING judged WHERE provider_events.id = judged.id AND judged.verdict = 'settled'
)
UPDATE provider_events
SET examined_at = now(), outcome = judged.verdict, looks = least(judged.looks + 1, 1000)::smallint,
    again_at = CASE WHEN judged.verdict IN ('unknown_message', 'unknown_attempt')
                         AND judged.received_at > now() - make_interval(secs => $3)
                    THEN now() + make_interval(secs => $2 * 2 ^ least(judged.looks, 20)) END
FROM judged
WHERE provider_events.id = judged.id AND judged.verdict <> 'settled'
