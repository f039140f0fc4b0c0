-- Writes what was picked in order of id, and seed numbers at places that chance decides.
-- $1 extract.
INSERT INTO extract_numbers (extract_id, position, phone_national, is_seed, place)
SELECT $1, row_number() OVER (ORDER BY rank), phone_national, is_seed, place
FROM (
    SELECT phone_national, is_seed, place,
           CASE WHEN is_seed THEN random() * (count(*) OVER ())
                ELSE row_number() OVER (PARTITION BY is_seed ORDER BY id)
           END AS rank
    FROM picked
) AS ranked
