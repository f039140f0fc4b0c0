-- Removes what somebody has (second_factors_pkey); its recovery codes go with it.
DELETE FROM second_factors WHERE user_id = $1
