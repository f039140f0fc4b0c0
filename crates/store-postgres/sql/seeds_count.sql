-- How many seed numbers nobody barred. They are few.
SELECT count(*) AS seeds
FROM seed_numbers
WHERE NOT EXISTS (SELECT FROM suppressions
                  WHERE suppressions.phone_national = seed_numbers.phone_national
                    AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
