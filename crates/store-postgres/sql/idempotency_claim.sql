-- Takes a key for a change that is about to be made; one that has expired is taken anew. Whoever comes while another makes a
-- change with the key neither waits nor takes it. By idempotency_keys_pkey.
-- $1 actor, $2 key, $3 hash of the request, $4 hours.
WITH asked AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtextextended($1::text || chr(31) || $2::text, 5)) AS is_free
), taken AS (
    INSERT INTO idempotency_keys (actor, key, body_sha256, expires_at)
    SELECT $1::text, $2::text, $3::bytea, now() + make_interval(hours => $4)
    FROM asked
    WHERE is_free
    ON CONFLICT (actor, key) DO UPDATE
    SET body_sha256 = excluded.body_sha256, response = NULL, created_at = now(), expires_at = excluded.expires_at
    WHERE idempotency_keys.expires_at < now()
    RETURNING true
)
SELECT is_free, EXISTS (SELECT FROM taken) AS is_taken FROM asked
