-- How many of an extract's numbers are seeds, by extracts_pkey.
UPDATE extracts SET seeds = $2 WHERE id = $1 RETURNING *
