-- One import by its primary key, or the last that began when $1 is null.
SELECT id, state, source_file, source_path, source_bytes, source_fingerprint, source_rows, source_last_row_id, last_source_row_id,
       rows_read, valid_rows_read, valid_rows_kept, imported, imported_valid, duplicates, duplicates_existing, rejected,
       states_unmapped, cities_unmapped, ladas_disagreeing, texts_invalid_utf8, texts_shortened, dates_unreadable,
       started_at, finished_at
FROM imports
WHERE $1::uuid IS NULL OR id = $1
ORDER BY started_at DESC, id DESC
LIMIT 1
