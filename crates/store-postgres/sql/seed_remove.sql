-- Takes a seed number away, by seed_numbers_pkey.
DELETE FROM seed_numbers WHERE phone_national = $1
