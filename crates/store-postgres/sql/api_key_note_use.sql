-- Notes a use of a key, unless one is noted after an instant (api_keys_pkey). No indexed column is touched.
UPDATE api_keys SET last_used_at = $2, last_used_from = $3
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $4)
