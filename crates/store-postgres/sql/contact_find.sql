-- One contact, by contacts_pkey.
SELECT * FROM contacts WHERE id = $1
