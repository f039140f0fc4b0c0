-- A user by the id (users_pkey).
SELECT id, email, role, must_change_password, created_at, disabled_at FROM users WHERE id = $1
