-- States of which a campaign's counts say something else than its rows.
SELECT every.state::text, coalesce(rows.n, 0), coalesce(counted.n, 0)
FROM unnest(enum_range(NULL::message_state)) WITH ORDINALITY AS every (state, i)
LEFT JOIN (SELECT state, count(*) AS n FROM messages WHERE campaign_id = $1::text::uuid GROUP BY state) AS rows USING (state)
LEFT JOIN (
    SELECT cell.i, sum(cell.n)::bigint AS n
    FROM campaign_counts
    CROSS JOIN unnest(campaign_counts.n) WITH ORDINALITY AS cell (n, i)
    WHERE campaign_id = $1::text::uuid
    GROUP BY cell.i
) AS counted USING (i)
WHERE coalesce(rows.n, 0) <> coalesce(counted.n, 0)
