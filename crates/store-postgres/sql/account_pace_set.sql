-- Sets the rate of an account with a provider, over all senders; without one there is none. By paces_pkey.
-- $1 provider, $2 messages a second or NULL.
WITH removed AS (
    DELETE FROM paces WHERE owner = 'account:' || $1::text AND $2::float8 IS NULL
)
INSERT INTO paces (owner, per_second)
SELECT 'account:' || $1::text, $2::float8 WHERE $2::float8 IS NOT NULL
ON CONFLICT (owner) DO UPDATE SET per_second = excluded.per_second WHERE paces.per_second <> excluded.per_second
