-- Uses up somebody's codes up to that of a step (second_factors_pkey).
UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2
