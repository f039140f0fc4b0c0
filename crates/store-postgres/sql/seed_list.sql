-- The seed numbers, the least used first; they are few.
SELECT * FROM seed_numbers ORDER BY times_used, last_used_at NULLS FIRST, phone_national
