-- Keeps another hash of the password that a user has, unless it was changed meanwhile (users_pkey).
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2
