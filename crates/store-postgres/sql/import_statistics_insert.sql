-- Keeps one row of the source's account of itself.
INSERT INTO import_statistics (import_id, source_id, total_processed, total_valid, total_duplicates, total_with_city,
                               ladas_found, ladas_missing, took_seconds, source_file, migrated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
