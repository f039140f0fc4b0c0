-- Moves a campaign that is still of the version before into another state, with what follows: its lanes run or stop, and
-- permits are published when it runs again, in place of those that are still to be published. A launch takes the price of
-- its day; fuses count anew from a resume on. By campaigns_pkey, lanes_pkey and campaign_counts_pkey.
-- $1 campaign, $2 state, $3 reason, $4 version, $5 launched at, $6 finished at, $7 now, $8 permits, $9 scheduled for.
WITH changed AS (
    UPDATE campaigns
    SET state = $2, state_reason = $3, version = $4, launched_at = $5, finished_at = $6, updated_at = $7, schedule_at = $9,
        price_micros_per_segment = CASE WHEN campaigns.launched_at IS NULL THEN senders.price_micros_per_segment
                                        ELSE campaigns.price_micros_per_segment END,
        permitted_at = CASE WHEN $2 = 'running' THEN now() ELSE campaigns.permitted_at END,
        counts_base = CASE WHEN $2 = 'running' THEN coalesce((
                               SELECT array_agg(sums.n ORDER BY sums.i)
                               FROM (SELECT cell.i, sum(cell.n)::bigint AS n
                                     FROM campaign_counts AS shards
                                     CROSS JOIN unnest(shards.n) WITH ORDINALITY AS cell (n, i)
                                     WHERE shards.campaign_id = campaigns.id
                                     GROUP BY cell.i) AS sums), campaigns.counts_base)
                           ELSE campaigns.counts_base END,
        freezing_until = '-infinity'
    FROM senders
    WHERE campaigns.id = $1 AND campaigns.version = $4 - 1 AND senders.id = campaigns.sender_id
    RETURNING campaigns.*
),
lanes_changed AS (
    UPDATE lanes SET running = ($2 = 'running') FROM changed WHERE lanes.campaign_id = changed.id
),
forgotten AS (
    DELETE FROM outbox USING changed WHERE outbox.campaign_id = changed.id
),
permitted AS (
    INSERT INTO outbox (campaign_id, priority)
    SELECT changed.id, changed.priority FROM changed CROSS JOIN generate_series(1, $8::integer)
    WHERE $2 = 'running'
)
SELECT * FROM changed
