-- What somebody has, confirmed or not (second_factors_pkey).
SELECT secret, confirmed_at IS NOT NULL AS is_confirmed FROM second_factors WHERE user_id = $1
