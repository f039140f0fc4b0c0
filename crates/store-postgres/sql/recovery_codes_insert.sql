-- Keeps the recovery codes of somebody. $1 the user, $2 the SHA-256 of each.
INSERT INTO recovery_codes (user_id, code_sha256) SELECT $1, unnest($2::bytea[])
