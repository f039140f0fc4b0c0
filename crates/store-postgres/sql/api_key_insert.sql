-- Adds a key. api_keys_name_key refuses a name that a key has which was not revoked.
INSERT INTO api_keys (id, name, role, secret_sha256, allowed_from, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5::text[]::cidr[], $6, $7, $8)
