-- The next messages of a campaign, each with the payloads of its latest receipts and the time in which it may have been sent.
-- Carried by messages_pkey, message_receipts_pkey and message_attempts_pkey.
-- $1 campaign, $2 the place behind which, $3 the most messages, $4 the most payloads of one, $5 seconds by which clocks may
-- differ, $6 seconds before a change in which an attempt may have begun of which no beginning is known.
SELECT message.seq, message.attempt, message.phone, message.state::text AS state, message.reason, message.segments,
       coalesce(attempts.started_at, message.changed_at - make_interval(secs => $6)) - make_interval(secs => $5) AS since,
       message.changed_at + make_interval(secs => $5) AS until,
       ARRAY(SELECT receipts.payload::text
             FROM message_receipts AS receipts
             WHERE receipts.campaign_id = $1 AND receipts.seq = message.seq
             ORDER BY receipts.received_at DESC
             LIMIT $4) AS payloads
FROM (
    SELECT messages.seq, messages.attempt, messages.phone, messages.state, messages.reason, messages.segments, messages.changed_at
    FROM messages
    WHERE messages.campaign_id = $1 AND messages.seq > $2
    ORDER BY messages.seq
    LIMIT $3
) AS message
LEFT JOIN message_attempts AS attempts
       ON attempts.campaign_id = $1 AND attempts.seq = message.seq AND attempts.attempt = message.attempt
ORDER BY message.seq
