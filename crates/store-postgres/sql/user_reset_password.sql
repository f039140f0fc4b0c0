-- Gives a user that is locked a password that another chose, to be changed at the next sign-in (users_pkey).
UPDATE users SET password_hash = $2, must_change_password = true, updated_at = now() WHERE id = $1
