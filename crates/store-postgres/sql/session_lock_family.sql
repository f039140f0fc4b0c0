-- The living session of a family, for nobody else to renew meanwhile, and whether a digest is its current token's
-- (sessions_family_key, users_pkey, second_factors_pkey).
SELECT sessions.id, users.id AS user_id, users.email, users.role, users.must_change_password,
       second_factors.user_id IS NOT NULL AS has_second_factor, sessions.refresh_sha256 = $2 AS is_current
FROM sessions JOIN users ON users.id = sessions.user_id
     LEFT JOIN second_factors ON second_factors.user_id = users.id AND second_factors.confirmed_at IS NOT NULL
WHERE sessions.family_sha256 = $1 AND sessions.ended_at IS NULL AND sessions.expires_at > $3
  AND users.disabled_at IS NULL
FOR UPDATE OF sessions
