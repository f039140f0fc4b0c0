-- A user by the id (users_pkey, second_factors_pkey).
SELECT id, email, role, must_change_password, created_at, disabled_at,
       EXISTS (SELECT FROM second_factors WHERE user_id = users.id AND confirmed_at IS NOT NULL) AS has_second_factor
FROM users
WHERE id = $1
