-- Suppressions, the latest first, by suppressions_place_key; those of one source by suppressions_source_idx, those of one
-- number by suppressions_pkey; the planner knows the values. A filter that is NULL lets all pass.
-- $1 behind which place, $2 how many, $3 phone, $4 source.
SELECT *
FROM suppressions
WHERE ($1::bigint IS NULL OR place < $1)
  AND ($3::bigint IS NULL OR phone_national = $3)
  AND ($4::text IS NULL OR source = $4)
ORDER BY place DESC
LIMIT $2
