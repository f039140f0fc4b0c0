-- The user who signs in with an address (users_email_key).
SELECT id, email, role, password_hash, must_change_password, created_at FROM users WHERE email = $1 AND disabled_at IS NULL
