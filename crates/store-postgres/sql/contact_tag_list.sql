-- The tags of a contact, by contact_tags_pkey.
SELECT tag, created_at FROM contact_tags WHERE contact_id = $1 ORDER BY tag
