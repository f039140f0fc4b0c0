-- Takes attempts whose outcome has been unknown for a while, whose provider was not asked of them lately, and notes that it is
-- asked now: the wait until the next time doubles, up to a day. Carried by due_pkey, messages_pkey, record_questions_pkey,
-- campaigns_pkey, senders_pkey and message_attempts_pkey.
-- $1 seconds before the first question, $2 the most attempts, $3 seconds by which clocks may differ, $4 seconds before the loss
-- was noted in which an attempt may have begun of which no beginning is known.
WITH waiting AS (
    SELECT message.campaign_id, message.seq, message.attempt, message.phone, message.changed_at
    FROM due
    CROSS JOIN unnest(due.seqs) AS part
    CROSS JOIN LATERAL (
        SELECT messages.campaign_id, messages.seq, messages.attempt, messages.phone, messages.changed_at
        FROM messages
        WHERE messages.campaign_id = due.campaign_id
          AND messages.seq >= lower(part) AND messages.seq < upper(part)
          AND messages.state = 'uncertain' AND messages.changed_at <= now() - make_interval(secs => $1)
        OFFSET 0
    ) AS message
    LEFT JOIN record_questions AS asked
           ON asked.campaign_id = message.campaign_id AND asked.seq = message.seq AND asked.attempt = message.attempt
    WHERE due.kind = 'uncertain' AND (asked.again_at IS NULL OR asked.again_at <= now())
    LIMIT $2
),
noted AS (
    INSERT INTO record_questions AS asked (campaign_id, seq, attempt, again_at)
    SELECT waiting.campaign_id, waiting.seq, waiting.attempt, now() + make_interval(secs => least($1 * 2, 86400))
    FROM waiting
    ORDER BY waiting.campaign_id, waiting.seq, waiting.attempt
    ON CONFLICT (campaign_id, seq, attempt) DO UPDATE
    SET questions = least(asked.questions + 1, 1000),
        again_at = now() + make_interval(secs => least($1 * 2 ^ least(asked.questions + 1, 20), 86400))
)
SELECT waiting.campaign_id, waiting.seq, waiting.attempt, waiting.phone, senders.provider, senders.value AS sender,
       coalesce(attempts.started_at, waiting.changed_at - make_interval(secs => $4)) - make_interval(secs => $3) AS since,
       waiting.changed_at + make_interval(secs => $3) AS until
FROM waiting
JOIN campaigns ON campaigns.id = waiting.campaign_id
LEFT JOIN message_attempts AS attempts
       ON attempts.campaign_id = waiting.campaign_id AND attempts.seq = waiting.seq AND attempts.attempt = waiting.attempt
JOIN senders ON senders.id = coalesce(attempts.sender_id, campaigns.sender_id)
