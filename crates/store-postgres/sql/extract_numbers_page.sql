-- The numbers of an extract in their order, by extract_numbers_pkey.
SELECT position, phone_national, place
FROM extract_numbers
WHERE extract_id = $1 AND position > $2
ORDER BY position
LIMIT $3
