-- Applies evidence to messages: locks their rows in the order of their keys, moves those whose attempt (and phone, where
-- one is given) is the one spoken of and whose state the evidence changes, and writes what follows from it: counts, due
-- entries, permits for retries, the activity of the number, suppressions. Which evidence changes which state is the
-- domain's table, handed in. Rows that nothing is done to are normal. Carried by messages_pkey: the upsert is of rows
-- that are there and locked, and finds each by its key whatever the planner believes of the table (docs/decisions/002).
-- One entry for each message in $1 campaigns, $2 seqs, $3 attempts, $4 phones or NULL, $5 evidence, $6 reasons,
-- $7 seconds until a retry, $8 whether the number said no; $9-$11 the table: before, evidence, after; $12 shard;
-- $13 seconds until a receipt is held to be missing, $14 until an outcome is.
WITH evidence AS (
    SELECT *
    FROM unnest($1::uuid[], $2::int4[], $3::int2[], $4::int8[], $5::text[], $6::text[], $7::float8[], $8::bool[])
         AS entry (campaign_id, seq, attempt, phone, kind, reason, retry_in, opted_out)
),
transition AS (
    SELECT entry.before::message_state AS before, entry.kind, entry.after::message_state AS after
    FROM unnest($9::text[], $10::text[], $11::text[]) AS entry (before, kind, after)
),
held AS (
    SELECT evidence.campaign_id, evidence.seq, evidence.kind, evidence.reason, evidence.retry_in, evidence.opted_out,
           message.phone, message.segments, message.body, message.state AS before,
           message.reason IS NOT DISTINCT FROM 'outcome_unknown' AS was_unknown
    FROM (SELECT * FROM evidence ORDER BY evidence.campaign_id, evidence.seq) AS evidence
    CROSS JOIN LATERAL (
        SELECT messages.phone, messages.state, messages.attempt, messages.reason, messages.segments, messages.body
        FROM messages
        WHERE messages.campaign_id = evidence.campaign_id AND messages.seq = evidence.seq
        FOR UPDATE
    ) AS message
    WHERE message.attempt = evidence.attempt AND message.phone = coalesce(evidence.phone, message.phone)
),
moved AS (
    SELECT held.campaign_id, held.seq, held.before, transition.after, held.phone, held.segments, held.body, held.reason,
           held.retry_in,
           transition.after IN ('sent', 'delivered', 'undelivered')
               AND (held.before IN ('sending', 'uncertain') OR (held.before = 'expired' AND held.was_unknown)) AS went_out
    FROM held
    JOIN transition USING (before, kind)
),
changed AS (
    INSERT INTO messages (campaign_id, seq, phone, segments, body, state, reason)
    SELECT moved.campaign_id, moved.seq, moved.phone, moved.segments, moved.body, moved.after, moved.reason
    FROM moved
    ON CONFLICT (campaign_id, seq) DO UPDATE
    SET state = excluded.state, reason = excluded.reason, changed_at = now()
),
step AS (
    SELECT moved.campaign_id, moved.before, moved.after, count(*) AS messages,
           coalesce(sum(moved.segments) FILTER (WHERE moved.went_out), 0) AS segments_sent,
           count(*) FILTER (WHERE moved.after = 'uncertain' AND moved.reason = 'worker_lost') AS lost
    FROM moved
    GROUP BY moved.campaign_id, moved.before, moved.after
),
counted AS (
    INSERT INTO campaign_counts AS counts (campaign_id, shard, n, segments_sent, lost)
    SELECT cell.campaign_id, $12, array_agg(cell.change ORDER BY cell.state), max(cell.segments_sent), max(cell.lost)
    FROM (
        SELECT step.campaign_id, every.state,
               coalesce(sum(step.messages) FILTER (WHERE step.after = every.state), 0)
                   - coalesce(sum(step.messages) FILTER (WHERE step.before = every.state), 0) AS change,
               sum(step.segments_sent) AS segments_sent, sum(step.lost) AS lost
        FROM step
        CROSS JOIN unnest(enum_range(NULL::message_state)) AS every (state)
        GROUP BY step.campaign_id, every.state
    ) AS cell
    GROUP BY cell.campaign_id
    ON CONFLICT (campaign_id, shard) DO UPDATE
    SET n = (SELECT array_agg(old.n + new.n ORDER BY old.i)
             FROM unnest(counts.n) WITH ORDINALITY AS old (n, i)
             JOIN unnest(excluded.n) WITH ORDINALITY AS new (n, i) USING (i)),
        segments_sent = counts.segments_sent + excluded.segments_sent, lost = counts.lost + excluded.lost
),
awaited AS (
    SELECT moved.campaign_id, later.kind, min(moved.seq) AS seq,
           now() + make_interval(secs => max(later.seconds)) AS not_before,
           range_agg(int4range(moved.seq, moved.seq, '[]')) AS seqs
    FROM moved
    CROSS JOIN LATERAL (
        SELECT CASE moved.after WHEN 'sent' THEN 'receipt' WHEN 'uncertain' THEN 'uncertain' WHEN 'queued' THEN 'retry' END
                   AS kind,
               CASE moved.after WHEN 'sent' THEN $13 WHEN 'uncertain' THEN $14 ELSE moved.retry_in END AS seconds
    ) AS later
    WHERE later.kind IS NOT NULL
    GROUP BY moved.campaign_id, later.kind
),
remembered AS (
    INSERT INTO due (campaign_id, seq, kind, not_before, seqs)
    SELECT awaited.campaign_id, awaited.seq, awaited.kind, awaited.not_before, awaited.seqs
    FROM awaited
    ON CONFLICT (campaign_id, seq, kind) DO UPDATE
    SET not_before = greatest(due.not_before, excluded.not_before), seqs = due.seqs + excluded.seqs
),
permitted AS (
    INSERT INTO outbox (campaign_id, priority, not_before)
    SELECT awaited.campaign_id, campaigns.priority, awaited.not_before
    FROM awaited
    JOIN campaigns ON campaigns.id = awaited.campaign_id
    -- While there is more to claim its permits are about, and find the retry; one that waits here will, too.
    WHERE awaited.kind = 'retry'
      AND NOT EXISTS (SELECT FROM lanes
                      WHERE lanes.campaign_id = awaited.campaign_id
                        AND lanes.next_seq < least(lanes.end_seq, lanes.gate_seq))
      AND NOT EXISTS (SELECT FROM outbox
                      WHERE outbox.campaign_id = awaited.campaign_id AND outbox.not_before <= awaited.not_before)
),
written_to AS (
    INSERT INTO contact_activity AS activity (phone_national, last_sent_at, send_count)
    SELECT moved.phone, now(), count(*)
    FROM moved
    WHERE moved.went_out
    GROUP BY moved.phone
    ORDER BY moved.phone
    ON CONFLICT (phone_national) DO UPDATE
    SET last_sent_at = excluded.last_sent_at, send_count = activity.send_count + excluded.send_count
),
barred AS (
    INSERT INTO suppressions (phone_national, source, reason, created_by)
    SELECT held.phone, 'carrier', 'the carrier says that the number opted out', 'worker'
    FROM held
    WHERE held.opted_out
    GROUP BY held.phone
    ORDER BY held.phone
    ON CONFLICT DO NOTHING
)
-- If the server loses this it is learnt again: the claim, the event or the due entry is there still. So nobody waits for
-- the disk.
SELECT count(*) AS moved, set_config('synchronous_commit', 'off', true) AS is_awaited FROM moved
