-- Takes a key for a change that is about to be made; one that has expired is taken anew. No row when the key is taken. By
-- idempotency_keys_pkey: two at once wait for each other here.
-- $1 actor, $2 key, $3 hash of the request, $4 hours.
INSERT INTO idempotency_keys (actor, key, body_sha256, expires_at)
VALUES ($1, $2, $3, now() + make_interval(hours => $4))
ON CONFLICT (actor, key) DO UPDATE
SET body_sha256 = excluded.body_sha256, response = NULL, created_at = now(), expires_at = excluded.expires_at
WHERE idempotency_keys.expires_at < now()
RETURNING true
