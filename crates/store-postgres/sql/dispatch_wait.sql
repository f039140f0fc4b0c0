-- In how many seconds there may be something to claim from a campaign; NULL when nothing waits for a time. Carried by
-- lanes_pkey, due_retry_idx and sender_paces_pkey.
-- $1 campaign, $2 seconds of pace that are sold ahead.
SELECT CASE WHEN min(open_lane.ready_at) IS NOT NULL THEN
           extract(epoch FROM greatest(
               now(),
               min(open_lane.ready_at),
               (SELECT sender_paces.next_free_at - make_interval(secs => $2::float8)
                FROM campaigns JOIN sender_paces USING (sender_id)
                WHERE campaigns.id = $1 AND isfinite(sender_paces.next_free_at))
           ) - now())::float8
       END AS seconds
FROM (
    SELECT greatest(lanes.opens_at, CASE WHEN lanes.next_seq >= lanes.end_seq THEN retry.not_before END) AS ready_at
    FROM lanes
    LEFT JOIN LATERAL (
        SELECT min(due.not_before) AS not_before
        FROM due
        WHERE due.campaign_id = $1 AND due.kind = 'retry'
    ) AS retry ON true
    WHERE lanes.campaign_id = $1 AND lanes.running AND now() < lanes.closes_at
      AND (lanes.next_seq < lanes.end_seq OR retry.not_before IS NOT NULL)
) AS open_lane
