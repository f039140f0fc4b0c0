-- What the next contacts are classed as, in order of contacts_pkey, and what was looked up of their numbers, by
-- number_lookups_pkey.
-- $1 the last contact that was looked at, $2 how many.
SELECT next.id, next.phone_national, next.line_type, next.carrier, known.line_type AS looked_line_type,
       known.carrier AS looked_carrier
FROM (SELECT id, phone_national, line_type, carrier FROM contacts WHERE id > $1 ORDER BY id LIMIT $2) AS next
LEFT JOIN number_lookups AS known ON known.phone_national = next.phone_national AND known.line_type <> 'unknown'
ORDER BY next.id
