-- Adds what was billed for a slice, if the bill stands where the slice begins: it is added once, whoever looked at it, too.
-- Carried by campaign_bills_pkey.
-- $1 campaign, $2 the place behind which the slice is, $3 its last place or NULL where there was none, $4 sent, $5 their
-- segments, $6 billed, $7 their segments, $8 messages by difference, $9 currencies, $10 millionths of each.
INSERT INTO campaign_bills AS bills (campaign_id, billed_to, is_whole, sent, sent_segments, billed, billed_segments, differing, costs)
SELECT $1, coalesce($3::integer, $2::integer), $3 IS NULL, $4, $5, $6, $7, $8,
       coalesce((SELECT jsonb_object_agg(cost.currency, cost.micros)
                 FROM unnest($9::text[], $10::bigint[]) AS cost (currency, micros)), '{}')
ON CONFLICT (campaign_id) DO UPDATE
SET billed_to = excluded.billed_to, is_whole = excluded.is_whole, looked_at = now(),
    sent = bills.sent + excluded.sent, sent_segments = bills.sent_segments + excluded.sent_segments,
    billed = bills.billed + excluded.billed, billed_segments = bills.billed_segments + excluded.billed_segments,
    differing = (SELECT array_agg(old.n + new.n ORDER BY old.i)
                 FROM unnest(bills.differing) WITH ORDINALITY AS old (n, i)
                 JOIN unnest(excluded.differing) WITH ORDINALITY AS new (n, i) USING (i)),
    costs = coalesce((SELECT jsonb_object_agg(cost.currency, cost.micros)
                      FROM (SELECT each.key AS currency, sum(each.value::bigint) AS micros
                            FROM (SELECT * FROM jsonb_each_text(bills.costs)
                                  UNION ALL
                                  SELECT * FROM jsonb_each_text(excluded.costs)) AS each
                            GROUP BY each.key) AS cost), '{}')
WHERE bills.billed_to = $2 AND NOT bills.is_whole
