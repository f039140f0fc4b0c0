-- Claims the next messages of a campaign: debits the paces it goes by (its sender's, its account's, its own, and those of the
-- senders that its sender's messages are routed by, each for what goes by it), then locks an open lane, then takes a due retry
-- or advances the lane's cursor, then gives the messages that are still queued to the claim. A number that is suppressed by
-- now, or was claimed for too often lately, is skipped. Messages are changed by an upsert of rows that are there and locked,
-- which finds each by its key whatever the planner believes of the table (docs/decisions/002). Pausing and canceling change all
-- lanes of the campaign, so nothing is claimed after they have committed. Where its sender has routes, a message goes by that
-- of its number's carrier: by the first sender of it that is not out, or by another after an attempt that was certainly not
-- accepted. Carried by campaigns_pkey, senders_pkey, paces_pkey, lanes_pkey, due_retry_idx, messages_pkey, suppressions_pkey,
-- contact_activity_pkey, sender_routes_pkey, the contacts' key by phone and message_attempts_pkey. $1 campaign, $2 worker, $3
-- shard, $4 most messages, $5 lease in seconds, $6 seconds of pace that are sold ahead, $7 messages of campaigns that a number
-- gets at most (0: any number), $8 within so many seconds, $9 why attempts came to nothing through no fault of their sender.
WITH pace AS (
    SELECT paces.owner, paces.per_second, paces.next_free_at, paces.not_before, part.is_own, part.is_gate,
           $6::float8 * part.patience AS ahead
    FROM (SELECT * FROM campaign_paces WHERE campaign_paces.campaign_id = $1 ORDER BY campaign_paces.owner) AS part
    CROSS JOIN LATERAL (SELECT * FROM paces WHERE paces.owner = part.owner FOR UPDATE) AS paces
),
allowance AS (
    SELECT least($4::integer,
                 greatest(1, floor(min(pace.per_second) FILTER (WHERE pace.is_gate) * $6::float8)))::integer AS most
    FROM pace
    HAVING bool_and(pace.next_free_at <= now() + make_interval(secs => pace.ahead))
       AND bool_and(pace.not_before <= now() OR NOT pace.is_gate)
       -- Nothing is claimed from a database that is not the one it was, until a worker has noticed and paused what must be.
       AND NOT is_another_database()
),
lane AS (
    SELECT lanes.zone, lanes.next_seq, least(lanes.end_seq, lanes.gate_seq) AS end_seq, allowance.most
    FROM allowance
    CROSS JOIN lanes
    WHERE lanes.campaign_id = $1 AND lanes.running AND now() >= lanes.opens_at AND now() < lanes.closes_at
    ORDER BY lanes.next_seq < least(lanes.end_seq, lanes.gate_seq) DESC, lanes.zone
    LIMIT 1
    FOR UPDATE OF lanes
),
retry AS (
    SELECT due.seq, due.seqs
    FROM lane
    CROSS JOIN due
    JOIN lanes AS own ON own.campaign_id = $1 AND own.block = (due.seq - 1) >> 26
                     AND now() >= own.opens_at AND now() < own.closes_at
    WHERE due.campaign_id = $1 AND due.kind = 'retry' AND due.not_before <= now()
    ORDER BY due.not_before
    LIMIT 1
    FOR UPDATE OF due SKIP LOCKED
),
retried AS (
    DELETE FROM due USING retry
    WHERE due.campaign_id = $1 AND due.seq = retry.seq AND due.kind = 'retry'
),
advanced AS (
    UPDATE lanes SET next_seq = least(lane.next_seq + lane.most, lane.end_seq)
    FROM lane
    WHERE lanes.campaign_id = $1 AND lanes.zone = lane.zone
      AND lane.next_seq < lane.end_seq AND NOT EXISTS (SELECT FROM retry)
),
wanted AS (
    SELECT retry.seqs FROM retry
    UNION ALL
    SELECT int4multirange(int4range(lane.next_seq, least(lane.next_seq + lane.most, lane.end_seq)))
    FROM lane
    WHERE lane.next_seq < lane.end_seq AND NOT EXISTS (SELECT FROM retry)
),
place AS (
    SELECT generate_series(lower(part), upper(part) - 1) AS seq
    FROM wanted
    CROSS JOIN unnest(wanted.seqs) AS part
    LIMIT 1000 -- more than any claim has; tells the planner so
),
debited AS (
    UPDATE paces
    SET next_free_at = greatest(paces.next_free_at, now())
                       + make_interval(secs => (SELECT count(*) FROM place) / paces.per_second)
    FROM pace
    WHERE paces.owner = pace.owner AND pace.is_own AND EXISTS (SELECT FROM wanted)
),
claim AS (
    INSERT INTO claims (campaign_id, seqs, worker, lease_until)
    SELECT $1, wanted.seqs, $2, now() + make_interval(secs => $5::float8)
    FROM wanted
    RETURNING id
),
held AS (
    SELECT message.*, suppression.phone_national IS NOT NULL AS is_barred
    FROM (SELECT place.seq FROM place ORDER BY place.seq) AS place
    CROSS JOIN LATERAL (
        SELECT messages.seq, messages.phone, messages.attempt, messages.segments, messages.body
        FROM messages
        WHERE messages.campaign_id = $1 AND messages.seq = place.seq AND messages.state = 'queued'
        FOR UPDATE
    ) AS message
    LEFT JOIN LATERAL (
        SELECT suppressions.phone_national
        FROM suppressions
        WHERE suppressions.phone_national = message.phone
          -- Who said no is told so.
          AND NOT (suppressions.source = 'opt_out'
                   AND EXISTS (SELECT FROM campaigns WHERE campaigns.id = $1 AND campaigns.kind = 'reply'))
          AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())
        LIMIT 1
    ) AS suppression ON true
),
within_cap AS (
    INSERT INTO contact_activity AS activity (phone_national, recent_claims)
    SELECT held.phone, ARRAY[now()]
    FROM held
    WHERE $7::integer > 0 AND held.attempt = 0 AND NOT held.is_barred
      AND EXISTS (SELECT FROM campaigns WHERE campaigns.id = $1 AND campaigns.kind = 'campaign')
    ORDER BY held.phone
    ON CONFLICT (phone_national) DO UPDATE
    SET recent_claims = (array_prepend(now(), activity.recent_claims))[1:$7]
    WHERE coalesce(activity.recent_claims[$7] <= now() - make_interval(secs => $8::float8), true)
    RETURNING phone_national
),
judged AS (
    SELECT held.*,
           CASE WHEN held.is_barred THEN 'suppressed'
                WHEN $7::integer > 0 AND held.attempt = 0 AND within_cap.phone_national IS NULL
                     AND EXISTS (SELECT FROM campaigns WHERE campaigns.id = $1 AND campaigns.kind = 'campaign')
                     THEN 'capped' END AS obstacle
    FROM held
    LEFT JOIN within_cap ON within_cap.phone_national = held.phone
),
given AS (
    INSERT INTO messages (campaign_id, seq, phone, segments, body, claim_id, state, reason, attempt)
    SELECT $1, judged.seq, judged.phone, judged.segments, judged.body, claim.id,
           CASE WHEN judged.obstacle IS NULL THEN 'sending' ELSE 'skipped' END::message_state,
           judged.obstacle,
           CASE WHEN judged.obstacle IS NULL THEN judged.attempt + 1 ELSE judged.attempt END
    FROM judged
    CROSS JOIN claim
    ON CONFLICT (campaign_id, seq) DO UPDATE
    SET state = excluded.state, reason = excluded.reason, attempt = excluded.attempt, claim_id = excluded.claim_id,
        changed_at = now()
    RETURNING seq, phone, attempt, body, state = 'skipped' AS is_skipped
),
counted AS (
    INSERT INTO campaign_counts AS counts (campaign_id, shard, n)
    SELECT $1, $3,
           ARRAY[-count(*), count(*) FILTER (WHERE NOT given.is_skipped), 0, 0, 0, 0, 0, 0, 0,
                 count(*) FILTER (WHERE given.is_skipped)]
    FROM given
    HAVING count(*) > 0
    ON CONFLICT (campaign_id, shard) DO UPDATE
    SET n = (SELECT array_agg(old.n + new.n ORDER BY old.i)
             FROM unnest(counts.n) WITH ORDINALITY AS old (n, i)
             JOIN unnest(excluded.n) WITH ORDINALITY AS new (n, i) USING (i))
),
hop AS (
    SELECT * FROM campaign_hops WHERE campaign_hops.campaign_id = $1
),
routed AS (
    SELECT given.seq, chosen.sender_id, chosen.has_others
    FROM given
    LEFT JOIN LATERAL (
        SELECT contacts.carrier FROM contacts WHERE contacts.phone_national = given.phone OFFSET 0
    ) AS contact ON true
    CROSS JOIN LATERAL (
        SELECT max(hop.carrier) AS carrier FROM hop WHERE hop.carrier IN ('', contact.carrier)
    ) AS route
    CROSS JOIN LATERAL (
        SELECT hop.sender_id, hop.present > 1 AS has_others
        FROM hop
        CROSS JOIN LATERAL (
            SELECT count(*) AS n
            FROM message_attempts AS tried
            WHERE given.attempt > 1 AND tried.campaign_id = $1 AND tried.seq = given.seq
              AND tried.sender_id = hop.sender_id AND tried.outcome = 'refused_for_now'
              AND coalesce(tried.reason <> ALL ($9::text[]), true)
            OFFSET 0
        ) AS refused
        WHERE hop.carrier = route.carrier
        ORDER BY hop.is_out, refused.n, hop.place
        LIMIT 1
    ) AS chosen
    WHERE NOT given.is_skipped AND EXISTS (SELECT FROM hop)
),
debited_by_route AS (
    UPDATE paces
    SET next_free_at = greatest(paces.next_free_at, now()) + make_interval(secs => load.n / paces.per_second)
    FROM pace
    JOIN (SELECT 'sender:' || routed.sender_id AS owner, count(*) AS n FROM routed GROUP BY routed.sender_id) AS load
      ON load.owner = pace.owner
    WHERE paces.owner = pace.owner AND NOT pace.is_own
)
SELECT claim.id AS claim_id, given.seq, given.phone, given.attempt, given.body,
       senders.id AS sender_id, senders.provider, senders.kind, senders.value,
       coalesce(routed.has_others, false) AS has_others
FROM claim
LEFT JOIN given ON NOT given.is_skipped
LEFT JOIN routed ON routed.seq = given.seq
JOIN senders ON senders.id = coalesce(routed.sender_id, (SELECT campaigns.sender_id FROM campaigns WHERE campaigns.id = $1))
ORDER BY given.seq
