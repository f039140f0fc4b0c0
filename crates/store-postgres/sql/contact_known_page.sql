-- A page of the numbers there are, in order of contacts_pkey, each with whether import $3 brought it.
SELECT id, phone_national, import_id IS NOT DISTINCT FROM $3 AS is_ours
FROM contacts
WHERE id > $1
ORDER BY id
LIMIT $2
