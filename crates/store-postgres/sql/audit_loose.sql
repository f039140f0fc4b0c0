-- Of the lines behind an id, so many: the last of them, and those that no link of the chain is of. By audit_log_pkey and
-- audit_chain_line_key.
-- $1 behind which id, $2 how many.
WITH page AS (
    SELECT id FROM audit_log WHERE id > $1 ORDER BY id LIMIT $2
)
SELECT max(page.id) AS last,
       coalesce(array_agg(page.id ORDER BY page.id) FILTER (WHERE audit_chain.line_id IS NULL), '{}') AS loose
FROM page
LEFT JOIN audit_chain ON audit_chain.line_id = page.id
