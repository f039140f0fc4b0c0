-- What the next contacts are classed as, in order of contacts_pkey.
-- $1 the last contact that was looked at, $2 how many.
SELECT id, phone_national, line_type, carrier FROM contacts WHERE id > $1 ORDER BY id LIMIT $2
