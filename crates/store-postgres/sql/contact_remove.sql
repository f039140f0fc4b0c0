-- Takes one contact away with its tags, by contacts_pkey and contact_tags_pkey.
WITH untagged AS (
    DELETE FROM contact_tags WHERE contact_id = $1
)
DELETE FROM contacts WHERE id = $1
