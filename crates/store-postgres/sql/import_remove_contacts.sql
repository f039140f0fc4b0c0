-- Looks at the next contacts, in order of contacts_pkey, and takes away those that the import brought, with their tags.
-- $1 import, $2 the last contact that was looked at, $3 how many to look at.
WITH page AS (
    SELECT id, import_id FROM contacts WHERE id > $2 ORDER BY id LIMIT $3
),
gone AS (
    DELETE FROM contacts USING page
    WHERE contacts.id = page.id AND page.import_id = $1
      AND NOT EXISTS (SELECT FROM kept_contacts WHERE kept_contacts.contact_id = page.id)
    RETURNING contacts.id
),
untagged AS (
    DELETE FROM contact_tags USING gone WHERE contact_tags.contact_id = gone.id
)
SELECT (SELECT max(id) FROM page) AS last_id, (SELECT count(*) FROM gone) AS removed
