-- Contacts by ascending id, by contacts_pkey; each filter that is NULL lets all pass. Where a filter is given its index may
-- serve better, and the planner knows the values: the statement is planned for them.
-- $1 behind which, $2 how many, $3 state, $4 lada, $5 city, $6 line type, $7 status.
SELECT *
FROM contacts
WHERE id > $1
  AND ($3::text IS NULL OR state_code = $3)
  AND ($4::text IS NULL OR lada = $4)
  AND ($5::text IS NULL OR city = $5)
  AND ($6::text IS NULL OR line_type = $6)
  AND ($7::text IS NULL OR status = $7)
ORDER BY id
LIMIT $2
