-- Writes what was picked in an order of chance, seed numbers among the others.
-- $1 extract.
INSERT INTO extract_numbers (extract_id, position, phone_national, is_seed, place)
SELECT $1, row_number() OVER (ORDER BY random()), phone_national, is_seed, place
FROM picked
