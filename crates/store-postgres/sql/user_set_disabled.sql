-- Disables a user that is locked, or enables them when $2 is NULL (users_pkey).
UPDATE users SET disabled_at = $2, updated_at = now() WHERE id = $1
RETURNING id, email, role, must_change_password, created_at, disabled_at
