-- Begins an import anew that was rolled back.
UPDATE imports
SET state = 'loading', last_source_row_id = -9223372036854775808, rows_read = 0, valid_rows_read = 0,
    valid_rows_kept = 0, imported = 0, imported_valid = 0, duplicates = 0, duplicates_existing = 0, rejected = 0,
    states_unmapped = 0, cities_unmapped = 0, ladas_disagreeing = 0, texts_invalid_utf8 = 0, texts_shortened = 0,
    dates_unreadable = 0, finished_at = NULL, updated_at = now()
WHERE id = $1 AND state = 'rolled_back'
