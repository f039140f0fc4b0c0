-- A key by its id (api_keys_pkey).
SELECT id, name, role, allowed_from::text[] AS allowed_from, created_by, created_at, expires_at, revoked_at, last_used_at,
       last_used_from
FROM api_keys
WHERE id = $1
