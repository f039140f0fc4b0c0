-- Takes all other tags from a contact, by contact_tags_pkey.
DELETE FROM contact_tags WHERE contact_id = $1 AND tag <> ALL($2::text[])
