-- For which request a key was used, by idempotency_keys_pkey.
SELECT body_sha256 FROM idempotency_keys WHERE actor = $1 AND key = $2 AND expires_at >= now()
