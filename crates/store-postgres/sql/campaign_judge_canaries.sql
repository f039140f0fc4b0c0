-- Judges canaries whose messages are all final, or have been waited for long enough: the gates open, and where more failed
-- than may the campaign is paused, so that people decide whether the others go. By campaigns_live_idx, lanes_pkey and
-- campaign_counts_pkey.
-- $1 seconds that receipts are waited for, $2 permits.
WITH canary AS (
    SELECT campaigns.id, campaigns.priority, campaigns.canary_since,
           (campaigns.settings #>> '{canary,max_failure_percent}')::float8 AS failure_percent_max,
           sums.n[4] + sums.n[5] + sums.n[6] + sums.n[8] + sums.n[3] + sums.n[7] AS tried,
           sums.n[5] + sums.n[6] + sums.n[8] + sums.n[7] AS failed,
           sums.n[3] + sums.n[7] AS waiting
    FROM campaigns
    CROSS JOIN LATERAL (
        SELECT bool_or(lanes.gate_seq IS NOT NULL) AS is_gated,
               bool_and(lanes.next_seq >= least(lanes.end_seq, lanes.gate_seq)) AS is_claimed,
               sum(lanes.end_seq - lanes.next_seq) AS unclaimed
        FROM lanes
        WHERE lanes.campaign_id = campaigns.id
    ) AS lane
    CROSS JOIN LATERAL (
        SELECT array_agg(cell.n ORDER BY cell.i) AS n
        FROM (SELECT every.i, sum(every.n) AS n
              FROM campaign_counts AS shards
              CROSS JOIN unnest(shards.n) WITH ORDINALITY AS every (n, i)
              WHERE shards.campaign_id = campaigns.id
              GROUP BY every.i) AS cell
    ) AS sums
    WHERE campaigns.state = 'running' AND lane.is_gated AND lane.is_claimed
      AND sums.n[1] = lane.unclaimed AND sums.n[2] = 0
    FOR UPDATE OF campaigns
),
noticed AS (
    UPDATE campaigns SET canary_since = now()
    FROM canary
    WHERE campaigns.id = canary.id AND canary.canary_since IS NULL AND canary.waiting > 0
),
judged AS (
    SELECT canary.*, canary.failed * 100.0 > canary.failure_percent_max * greatest(canary.tried, 1) AS is_bad
    FROM canary
    WHERE canary.waiting = 0 OR canary.canary_since < now() - make_interval(secs => $1)
),
paused AS (
    UPDATE campaigns
    SET state = 'paused', version = version + 1, updated_at = now(),
        state_reason = format('canary: %s of the first %s messages failed, which is more than %s %%',
                              judged.failed, judged.tried, judged.failure_percent_max)
    FROM judged
    WHERE campaigns.id = judged.id AND judged.is_bad
    RETURNING campaigns.id, campaigns.state_reason
),
opened AS (
    UPDATE lanes SET gate_seq = NULL, running = NOT judged.is_bad FROM judged WHERE lanes.campaign_id = judged.id
),
permitted AS (
    INSERT INTO outbox (campaign_id, priority)
    SELECT judged.id, judged.priority FROM judged CROSS JOIN generate_series(1, $2::integer) WHERE NOT judged.is_bad
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', CASE WHEN judged.is_bad THEN 'campaign.pause' ELSE 'campaign.canary' END, 'campaign', judged.id::text,
       jsonb_build_object('tried', judged.tried, 'failed', judged.failed, 'reason', paused.state_reason)
FROM judged
LEFT JOIN paused USING (id)
