-- Adds contacts, and answers the numbers that were added; those that are there already are left as they are, by
-- contacts_phone_national_key. In order of their numbers, so that two who add the same never wait for each other.
INSERT INTO contacts (phone_national, phone_original, full_name, address, neighborhood, municipality, state_code,
                      state_name, lada, city, line_type, carrier, is_valid, source)
SELECT *, 'csv'
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::boolean[]) AS contact (phone_national)
ORDER BY phone_national
ON CONFLICT (phone_national) DO NOTHING
RETURNING phone_national
