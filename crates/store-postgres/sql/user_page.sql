-- Users, the latest made first, for their ids grow (users_pkey, second_factors_pkey). $1 behind which, $2 how many.
SELECT id, email, role, must_change_password, created_at, disabled_at,
       EXISTS (SELECT FROM second_factors WHERE user_id = users.id AND confirmed_at IS NOT NULL) AS has_second_factor
FROM users
WHERE $1::uuid IS NULL OR id < $1
ORDER BY id DESC
LIMIT $2
