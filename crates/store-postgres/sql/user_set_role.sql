-- Gives a user that is locked another role (users_pkey).
UPDATE users SET role = $2, updated_at = now() WHERE id = $1
