-- Keeps the rows of a batch that were not imported ($18 to $22), moves the checkpoint from $2 to $3 and adds what the batch
-- counted, by primary key. It touches no import when somebody else moved it; then all of it is to be undone.
WITH kept AS (
    INSERT INTO import_rejects (import_id, source_row_id, outcome, reason, detail, source_row)
    SELECT $1, refused.source_row_id, refused.outcome, refused.reason, refused.detail, refused.source_row::jsonb
    FROM unnest($18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[])
        AS refused (source_row_id, outcome, reason, detail, source_row)
)
UPDATE imports
SET last_source_row_id = $3,
    rows_read = rows_read + $4,
    valid_rows_read = valid_rows_read + $5,
    valid_rows_kept = valid_rows_kept + $6,
    imported = imported + $7,
    imported_valid = imported_valid + $8,
    duplicates = duplicates + $9,
    duplicates_existing = duplicates_existing + $10,
    rejected = rejected + $11,
    states_unmapped = states_unmapped + $12,
    cities_unmapped = cities_unmapped + $13,
    ladas_disagreeing = ladas_disagreeing + $14,
    texts_invalid_utf8 = texts_invalid_utf8 + $15,
    texts_shortened = texts_shortened + $16,
    dates_unreadable = dates_unreadable + $17,
    updated_at = now()
WHERE id = $1 AND state = 'loading' AND last_source_row_id = $2
