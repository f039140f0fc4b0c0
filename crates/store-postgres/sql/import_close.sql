-- Ends an import by primary key: completed when the source was read to its last row, and all of its rows were.
WITH ended AS (
    SELECT id, rows_read >= source_rows AND (source_rows = 0 OR last_source_row_id >= source_last_row_id) AS is_complete
    FROM imports
    WHERE id = $1 AND state = 'loading'
    FOR UPDATE
)
UPDATE imports
SET state = CASE WHEN ended.is_complete THEN 'completed' ELSE 'stopped' END,
    finished_at = CASE WHEN ended.is_complete THEN now() END,
    updated_at = now()
FROM ended
WHERE imports.id = ended.id
