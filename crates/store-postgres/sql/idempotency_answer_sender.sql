-- Keeps which sender a key added, by idempotency_keys_pkey.
UPDATE idempotency_keys SET response = jsonb_build_object('id', $3::uuid)
WHERE actor = $1 AND key = $2
