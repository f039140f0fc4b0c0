-- One contact, which nobody else changes until the transaction ends, by contacts_pkey.
SELECT * FROM contacts WHERE id = $1 FOR UPDATE
