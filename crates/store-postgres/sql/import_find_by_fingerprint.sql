-- The last import that began with a file and was not taken back (imports_source_fingerprint_idx).
SELECT id, state, source_file, source_path, source_bytes, source_fingerprint, source_rows, source_last_row_id, last_source_row_id,
       rows_read, valid_rows_read, valid_rows_kept, imported, imported_valid, duplicates, duplicates_existing, rejected,
       states_unmapped, cities_unmapped, ladas_disagreeing, texts_invalid_utf8, texts_shortened, dates_unreadable, started_at, finished_at
FROM imports
WHERE source_fingerprint = $1 AND state <> 'rolled_back'
ORDER BY started_at DESC, id DESC
LIMIT 1
