-- What an import refused, by import_rejects_pkey: a page of whole source rows.
SELECT source_row_id, outcome, reason, detail, source_row::text AS source_row
FROM import_rejects
WHERE import_id = $1 AND source_row_id > $2
ORDER BY source_row_id
LIMIT $3
