-- Adds a seed number, or gives one another label, by seed_numbers_pkey.
INSERT INTO seed_numbers (phone_national, label, created_by, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (phone_national) DO UPDATE SET label = excluded.label
RETURNING *
