-- Which sender a key added, by idempotency_keys_pkey.
SELECT (response ->> 'id')::uuid AS id
FROM idempotency_keys
WHERE actor = $1 AND key = $2 AND expires_at >= now()
