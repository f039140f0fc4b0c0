-- A campaign's lanes, and what it goes by: for what it waits. By lanes_pkey, due_retry_idx and paces_pkey.
-- $1 campaign.
SELECT lanes.zone, lanes.end_seq - lanes.next_seq AS unclaimed, lanes.gate_seq IS NOT NULL AS is_gated,
       least(lanes.end_seq, lanes.gate_seq) - lanes.next_seq AS claimable,
       CASE WHEN isfinite(lanes.opens_at) AND lanes.opens_at > now() THEN lanes.opens_at END AS opens_at,
       pace.owner AS pace_owner, pace.per_second, pace.paused_until,
       (SELECT min(due.not_before) FROM due WHERE due.campaign_id = $1 AND due.kind = 'retry') AS retry_at
FROM lanes
LEFT JOIN LATERAL (
    SELECT paces.owner, paces.per_second,
           CASE WHEN paces.not_before > now() THEN paces.not_before
                WHEN paces.away_until > now() THEN paces.away_until END AS paused_until
    FROM campaign_paces AS part
    JOIN paces ON paces.owner = part.owner
    WHERE part.campaign_id = $1 AND part.is_gate
      AND greatest(paces.next_free_at, paces.not_before, paces.away_until) > now()
    ORDER BY greatest(paces.next_free_at, paces.not_before, paces.away_until) DESC
    LIMIT 1
) AS pace ON true
WHERE lanes.campaign_id = $1
ORDER BY lanes.zone
LIMIT 64
