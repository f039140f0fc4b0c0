-- Who is signed in with a session that lives at an instant (sessions_pkey, users_pkey).
SELECT sessions.id, sessions.expires_at, users.id AS user_id, users.email, users.role, users.must_change_password
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND sessions.expires_at > $2 AND users.disabled_at IS NULL
