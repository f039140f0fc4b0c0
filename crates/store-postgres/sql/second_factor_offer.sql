-- Keeps a secret that is not confirmed in the place of another such (second_factors_pkey). $1 the user, $2 the secret, $3 when.
INSERT INTO second_factors AS kept (user_id, secret, offered_at) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT second_factors_pkey DO UPDATE SET secret = excluded.secret, offered_at = excluded.offered_at
WHERE kept.confirmed_at IS NULL
