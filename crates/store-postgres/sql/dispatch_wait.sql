-- In how many seconds there may be something to claim from a campaign; NULL when nothing waits for a time. Carried by
-- lanes_pkey, due_retry_idx, paces_pkey and sender_routes_pkey.
-- $1 campaign, $2 seconds of pace that are sold ahead; twice as many to what is of high priority.
SELECT CASE WHEN min(lane.ready_at) IS NOT NULL THEN
           extract(epoch FROM greatest(
               now(),
               min(lane.ready_at),
               (SELECT max(greatest(paces.not_before,
                                    paces.next_free_at - make_interval(
                                        secs => $2::float8 * CASE campaigns.priority WHEN 'high' THEN 2 ELSE 1 END)))
                FROM campaigns
                JOIN senders ON senders.id = campaigns.sender_id
                JOIN paces ON paces.owner = ANY (
                    ARRAY['account:' || senders.provider, 'campaign:' || campaigns.id, 'sender:' || senders.id]
                    || ARRAY(SELECT 'sender:' || unnest(sender_routes.via)
                             FROM sender_routes
                             WHERE sender_routes.sender_id = campaigns.sender_id))
                WHERE campaigns.id = $1),
               CASE WHEN is_another_database() THEN now() + interval '1 second' END
           ) - now())::float8
       END AS seconds
FROM (
    SELECT greatest(lanes.opens_at,
                    -- Its next times are not set yet.
                    CASE WHEN now() >= lanes.closes_at THEN now() + interval '1 second' END,
                    CASE WHEN lanes.next_seq >= least(lanes.end_seq, lanes.gate_seq) THEN retry.not_before END) AS ready_at
    FROM lanes
    LEFT JOIN LATERAL (
        SELECT min(due.not_before) AS not_before
        FROM due
        WHERE due.campaign_id = $1 AND due.kind = 'retry' AND (due.seq - 1) >> 26 = lanes.block
    ) AS retry ON true
    WHERE lanes.campaign_id = $1 AND lanes.running
      AND (lanes.next_seq < least(lanes.end_seq, lanes.gate_seq) OR retry.not_before IS NOT NULL)
) AS lane
