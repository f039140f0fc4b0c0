-- Disables a user that is locked, or enables them when $2 is NULL (users_pkey).
UPDATE users SET disabled_at = $2, updated_at = now() WHERE id = $1
