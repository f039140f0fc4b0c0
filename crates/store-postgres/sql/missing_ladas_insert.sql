-- Keeps the prefixes that the source did not know.
INSERT INTO missing_ladas (import_id, lada, rows, examples, detected_at)
SELECT $1, lada, rows, examples, detected_at
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) AS missing (lada, rows, examples, detected_at)
