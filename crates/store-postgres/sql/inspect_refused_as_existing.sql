-- Source rows that were refused as existing, by import_rejects_pkey.
SELECT source_row_id
FROM import_rejects
WHERE import_id = $1 AND source_row_id > $2 AND reason = 'duplicate_existing'
ORDER BY source_row_id
LIMIT $3
