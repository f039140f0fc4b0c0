-- Takes some numbers of an extract away, by extract_numbers_pkey.
DELETE FROM extract_numbers
WHERE extract_id = $1
  AND position IN (SELECT position FROM extract_numbers WHERE extract_id = $1 ORDER BY position LIMIT $2)
