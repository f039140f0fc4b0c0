-- Sets the password that a user chose in the place of the one they showed (users_pkey).
UPDATE users SET password_hash = $3, must_change_password = false, updated_at = now()
WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL
