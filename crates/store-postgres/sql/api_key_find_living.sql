-- A key by its id and what is kept of its secret, while it lives (api_keys_pkey).
SELECT id, name, role, allowed_from::text[] AS allowed_from, created_by, created_at, expires_at, revoked_at, last_used_at,
       last_used_from
FROM api_keys
WHERE id = $1 AND secret_sha256 = $2 AND revoked_at IS NULL AND expires_at > $3
