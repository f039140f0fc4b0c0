-- Extracts, the latest first, by extracts_pkey.
SELECT * FROM extracts WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2
