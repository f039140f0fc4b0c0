-- Ends an import by primary key: completed when the source was read to its last row.
UPDATE imports
SET state = CASE WHEN last_source_row_id >= source_last_row_id THEN 'completed' ELSE 'stopped' END,
    finished_at = CASE WHEN last_source_row_id >= source_last_row_id THEN now() END,
    updated_at = now()
WHERE id = $1 AND state = 'loading'
