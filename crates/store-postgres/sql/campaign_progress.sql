-- A campaign's messages by state and the segments that went out, from the shards of its counts. By campaign_counts_pkey.
SELECT coalesce(sum(counts.segments_sent), 0)::bigint AS segments_sent,
       ARRAY(SELECT sum(cell.n)::bigint
             FROM campaign_counts AS shards
             CROSS JOIN unnest(shards.n) WITH ORDINALITY AS cell (n, i)
             WHERE shards.campaign_id = $1
             GROUP BY cell.i
             ORDER BY cell.i) AS n
FROM campaign_counts AS counts
WHERE counts.campaign_id = $1
