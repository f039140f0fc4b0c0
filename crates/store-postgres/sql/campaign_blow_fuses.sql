-- Pauses running campaigns of which too much failed, too much has an outcome that the provider left unknown, or more was spent than may
-- be: counted from the last resume on, once enough messages were tried. A fuse of 0 percent is none. By campaigns_live_idx,
-- lanes_pkey and campaign_counts_pkey.
-- $1 the fewest messages, $2 percent that may fail, $3 percent that may be unknown.
WITH counted AS (
    SELECT campaigns.id,
           ARRAY(SELECT sum(cell.n) - campaigns.counts_base[cell.i]
                 FROM campaign_counts AS shards
                 CROSS JOIN unnest(shards.n) WITH ORDINALITY AS cell (n, i)
                 WHERE shards.campaign_id = campaigns.id
                 GROUP BY cell.i
                 ORDER BY cell.i) AS n,
           (SELECT sum(shards.segments_sent) FROM campaign_counts AS shards WHERE shards.campaign_id = campaigns.id)
               * campaigns.price_micros_per_segment AS spent,
           (SELECT sum(shards.lost) FROM campaign_counts AS shards WHERE shards.campaign_id = campaigns.id) AS lost,
           (campaigns.settings ->> 'max_cost_micros')::bigint AS cost_max
    FROM campaigns
    WHERE campaigns.state = 'running' AND campaigns.kind = 'campaign'
),
tried AS (
    SELECT counted.*, n[3] + n[4] + n[5] + n[6] + n[7] + n[8] AS messages, n[5] + n[6] AS failed,
           greatest(n[7] - lost, 0) AS unknown
    FROM counted
),
blown AS (
    SELECT tried.id,
           CASE WHEN tried.spent > tried.cost_max
                    THEN format('spend: %s micros were spent, and %s may be', tried.spent, tried.cost_max)
                WHEN $2::float8 > 0 AND tried.messages >= $1::bigint AND tried.failed * 100.0 > $2::float8 * tried.messages
                    THEN format('failures: %s of %s messages failed, which is more than %s %%', tried.failed, tried.messages, $2::float8)
                WHEN $3::float8 > 0 AND tried.messages >= $1::bigint AND tried.unknown * 100.0 > $3::float8 * tried.messages
                    THEN format('unknown outcomes: of %s of %s messages nobody knows what became of them, which is more than %s %%',
                                tried.unknown, tried.messages, $3::float8)
           END AS reason
    FROM tried
),
paused AS (
    UPDATE campaigns SET state = 'paused', state_reason = blown.reason, version = version + 1, updated_at = now()
    FROM blown
    WHERE campaigns.id = blown.id AND campaigns.state = 'running' AND blown.reason IS NOT NULL
    RETURNING campaigns.id, campaigns.state_reason
),
stopped AS (
    UPDATE lanes SET running = false FROM paused WHERE lanes.campaign_id = paused.id
)
INSERT INTO audit_log (actor, action, object_kind, object_id, details)
SELECT 'worker', 'campaign.pause', 'campaign', paused.id::text, jsonb_build_object('reason', paused.state_reason)
FROM paused
