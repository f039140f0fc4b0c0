-- Source rows that were refused for what no file tells, by import_rejects_pkey.
SELECT source_row_id, reason
FROM import_rejects
WHERE import_id = $1 AND source_row_id > $2 AND reason IN ('duplicate_existing', 'not_storable')
ORDER BY source_row_id
LIMIT $3
