-- Keeps what a key answers: the contact as it is in this transaction. By idempotency_keys_pkey and contacts_pkey.
UPDATE idempotency_keys SET response = to_jsonb(contacts)
FROM contacts
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2 AND contacts.id = $3
