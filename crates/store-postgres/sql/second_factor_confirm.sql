-- Confirms the secret that was offered (second_factors_pkey). $1 the user, $2 the secret, $3 when, $4 the step of the code.
UPDATE second_factors SET confirmed_at = $3, last_step = $4
WHERE user_id = $1 AND secret = $2 AND confirmed_at IS NULL
