-- Suppressions by number and source, by suppressions_pkey; those of one source by suppressions_source_idx, which the planner
-- takes, for it knows the values. A filter that is NULL lets all pass.
-- $1 behind which phone, $2 and source, $3 how many, $4 phone, $5 source.
SELECT *
FROM suppressions
WHERE ($1::bigint IS NULL OR (phone_national, source) > ($1, $2::text))
  AND ($4::bigint IS NULL OR phone_national = $4)
  AND ($5::text IS NULL OR source = $5)
ORDER BY phone_national, source
LIMIT $3
