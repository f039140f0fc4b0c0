-- Takes a number from a list, by suppressions_pkey.
-- $1 phone, $2 source.
DELETE FROM suppressions WHERE phone_national = $1 AND source = $2
