-- Who is signed in with a session that lives at an instant (sessions_pkey, users_pkey, second_factors_pkey).
SELECT sessions.id, sessions.expires_at, users.id AS user_id, users.email, users.role, users.must_change_password,
       second_factors.user_id IS NOT NULL AS has_second_factor
FROM sessions JOIN users ON users.id = sessions.user_id
     LEFT JOIN second_factors ON second_factors.user_id = users.id AND second_factors.confirmed_at IS NOT NULL
WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND sessions.expires_at > $2 AND users.disabled_at IS NULL
