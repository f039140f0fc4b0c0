-- What our own list says of a number, by suppressions_pkey.
SELECT * FROM suppressions WHERE phone_national = $1 AND source = 'manual'
