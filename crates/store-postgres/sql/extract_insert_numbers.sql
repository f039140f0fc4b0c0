-- Writes what was picked, with seed numbers at places that chance has chosen: the least used of those that are not among the
-- picked already, each as if it were where another number is. What is picked at random comes in an order of chance. Seed numbers
-- are counted as used.
-- $1 extract, $2 how many seeds, $3 whether the order is one of chance.
WITH seeded AS (
    UPDATE seed_numbers SET times_used = times_used + 1, last_used_at = now()
    WHERE phone_national IN (
        SELECT phone_national
        FROM seed_numbers
        WHERE NOT EXISTS (SELECT FROM picked WHERE picked.phone_national = seed_numbers.phone_national)
        ORDER BY times_used, last_used_at NULLS FIRST, random()
        LIMIT $2
        FOR UPDATE)
    RETURNING phone_national
),
ordered AS (
    SELECT phone_national, false AS is_seed, place,
           row_number() OVER (ORDER BY CASE WHEN $3::boolean THEN random() ELSE id END)::float8 AS place_in_file
    FROM picked
    UNION ALL
    SELECT seeded.phone_national, true, (SELECT place FROM picked ORDER BY random() LIMIT 1),
           random() * (SELECT count(*) FROM picked)
    FROM seeded
),
written AS (
    INSERT INTO extract_numbers (extract_id, position, phone_national, is_seed, place)
    SELECT $1, row_number() OVER (ORDER BY place_in_file), phone_national, is_seed, place
    FROM ordered
    RETURNING is_seed
)
SELECT count(*) FILTER (WHERE NOT is_seed)::integer AS numbers, count(*) FILTER (WHERE is_seed)::integer AS seeds FROM written
