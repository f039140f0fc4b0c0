-- Keeps the prefixes that the source did not know. What it says twice of one prefix (a key of text may be NULL there any
-- number of times) becomes one row.
INSERT INTO missing_ladas (import_id, lada, rows, examples, detected_at)
SELECT $1, lada, sum(rows)::bigint, string_agg(examples, ', ' ORDER BY place), min(detected_at)
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[])
    WITH ORDINALITY AS missing (lada, rows, examples, detected_at, place)
GROUP BY lada
