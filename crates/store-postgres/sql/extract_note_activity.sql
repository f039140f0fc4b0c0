-- Remembers that the picked numbers were handed out, along contact_activity_pkey. Seed numbers may be in every extract.
INSERT INTO contact_activity (phone_national, last_extracted_at)
SELECT phone_national, clock_timestamp() FROM picked WHERE NOT is_seed ORDER BY phone_national
ON CONFLICT (phone_national) DO UPDATE SET last_extracted_at = excluded.last_extracted_at
