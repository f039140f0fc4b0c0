-- Gives a session that is locked its next token (sessions_pkey).
UPDATE sessions SET refresh_sha256 = $2, last_used_at = $3, expires_at = $4 WHERE id = $1
