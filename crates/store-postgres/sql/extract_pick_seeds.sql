-- Puts seed numbers among the picked: the least used of those that are not among them already and whom nobody barred, each as if
-- it were where another number is. They are counted as used. By seed_numbers_pkey; they are few.
-- $1 how many.
WITH seeded AS (
    UPDATE seed_numbers SET times_used = times_used + 1, last_used_at = now()
    WHERE phone_national IN (
        SELECT phone_national
        FROM seed_numbers
        WHERE NOT EXISTS (SELECT FROM picked WHERE picked.phone_national = seed_numbers.phone_national)
          AND NOT EXISTS (SELECT FROM suppressions
                          WHERE suppressions.phone_national = seed_numbers.phone_national
                            AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
        ORDER BY times_used, last_used_at NULLS FIRST, random()
        LIMIT $1
        FOR UPDATE)
    RETURNING phone_national
)
INSERT INTO picked (phone_national, place, is_seed)
SELECT phone_national, (SELECT place FROM picked ORDER BY random() LIMIT 1), true
FROM seeded
