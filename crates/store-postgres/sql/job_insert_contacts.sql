-- Adds contacts, and answers the numbers that were added; those that are there already are left as they are, by
-- contacts_phone_national_key. In order of their numbers, so that two who add the same never wait for each other. What was looked
-- up of a number (number_lookups_pkey) outranks the line type and carrier that are given.
INSERT INTO contacts (phone_national, phone_original, full_name, address, neighborhood, municipality, state_code,
                      state_name, lada, city, line_type, carrier, is_valid, source)
SELECT given.phone, given.original, given.name, given.address, given.neighborhood, given.municipality, given.state_code,
       given.state_name, given.lada, given.city, coalesce(known.line_type, given.line_type),
       coalesce(known.carrier, given.carrier), given.is_valid, 'csv'
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::boolean[])
     AS given (phone, original, name, address, neighborhood, municipality, state_code, state_name, lada, city, line_type,
               carrier, is_valid)
LEFT JOIN number_lookups AS known ON known.phone_national = given.phone AND known.line_type <> 'unknown'
ORDER BY given.phone
ON CONFLICT (phone_national) DO NOTHING
RETURNING phone_national
