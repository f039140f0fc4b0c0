-- A user, for nobody else to change meanwhile (users_pkey).
SELECT id FROM users WHERE id = $1 FOR UPDATE
