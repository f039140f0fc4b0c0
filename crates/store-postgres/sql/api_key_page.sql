-- Keys, the latest first, for their ids grow (api_keys_pkey). $1 behind which, $2 how many.
SELECT id, name, role, allowed_from::text[] AS allowed_from, created_by, created_at, expires_at, revoked_at, last_used_at,
       last_used_from
FROM api_keys
WHERE $1::uuid IS NULL OR id < $1
ORDER BY id DESC
LIMIT $2
