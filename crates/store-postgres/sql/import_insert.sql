-- Begins an import. imports_one_loading_key refuses a second one that is loading.
INSERT INTO imports (id, state, source_file, source_bytes, source_fingerprint, source_rows, source_last_row_id,
                     source_path)
VALUES ($1, 'loading', $2, $3, $4, $5, $6, $7)
