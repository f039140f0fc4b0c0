-- Compares the counts of a campaign with its messages, both as of one moment, and names the states of which they differ.
-- Carried by campaign_counts_pkey and messages_pkey.
WITH counted AS (
    SELECT cell.i, sum(cell.n)::bigint AS n
    FROM campaign_counts AS shards
    CROSS JOIN unnest(shards.n) WITH ORDINALITY AS cell (n, i)
    WHERE shards.campaign_id = $1
    GROUP BY cell.i
),
kept AS (
    SELECT messages.state, count(*) AS n
    FROM messages
    WHERE messages.campaign_id = $1
    GROUP BY messages.state
)
SELECT every.state::text AS state, coalesce(counted.n, 0) AS counted, coalesce(kept.n, 0) AS kept
FROM unnest(enum_range(NULL::message_state)) WITH ORDINALITY AS every (state, i)
LEFT JOIN counted USING (i)
LEFT JOIN kept ON kept.state = every.state
WHERE coalesce(counted.n, 0) <> coalesce(kept.n, 0)
ORDER BY every.i
