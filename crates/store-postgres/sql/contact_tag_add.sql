-- Adds tags to a contact, by contact_tags_pkey.
INSERT INTO contact_tags (contact_id, tag)
SELECT $1, tag FROM unnest($2::text[]) AS tag
ON CONFLICT DO NOTHING
