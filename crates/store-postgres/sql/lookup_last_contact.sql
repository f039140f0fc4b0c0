-- The last contact there is, by contacts_pkey.
SELECT coalesce(max(id), 0) AS last_id FROM contacts
