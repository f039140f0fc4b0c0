-- The last of the next contacts, by contacts_pkey alone; NULL when there are none.
-- $1 behind which, $2 how many.
SELECT max(id) AS last_id FROM (SELECT id FROM contacts WHERE id > $1 ORDER BY id LIMIT $2) AS next
