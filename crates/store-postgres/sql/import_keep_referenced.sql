-- Notes, for this session, the contacts of an import that messages refer to; kept_create.sql made the place.
INSERT INTO kept_contacts (contact_id)
SELECT DISTINCT contacts.id
FROM contacts
JOIN messages ON messages.contact_id = contacts.id
WHERE contacts.import_id = $1
