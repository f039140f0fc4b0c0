-- Ends a key that was not ended (api_keys_pkey).
UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL
