-- In how many seconds there may be something to claim from a campaign; NULL when nothing waits for a time. Carried by
-- lanes_pkey, due_retry_idx, paces_pkey and sender_routes_pkey.
-- $1 campaign, $2 seconds of pace that are sold ahead.
SELECT CASE WHEN min(lane.ready_at) IS NOT NULL THEN
           extract(epoch FROM greatest(
               now(),
               min(lane.ready_at),
               (SELECT max(greatest(CASE WHEN part.is_gate THEN paces.not_before END,
                                    paces.next_free_at - make_interval(secs => $2::float8 * part.patience)))
                FROM campaign_paces AS part
                JOIN paces ON paces.owner = part.owner
                WHERE part.campaign_id = $1),
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
