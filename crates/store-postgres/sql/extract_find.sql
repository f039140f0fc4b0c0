-- One extract, by extracts_pkey.
SELECT * FROM extracts WHERE id = $1
