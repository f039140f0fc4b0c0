-- Adds one contact. A number that is there already violates contacts_phone_national_key. phone_e164 and is_mobile are
-- generated. What was looked up of the number (number_lookups_pkey) outranks the line type and carrier that are given.
INSERT INTO contacts (phone_national, phone_original, full_name, address, neighborhood, municipality, state_code,
                      state_name, lada, city, line_type, carrier, is_valid, source, created_at, updated_at)
SELECT given.phone, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce(known.line_type, $11), coalesce(known.carrier, $12), $13,
       'api', $14, $14
FROM (SELECT $1::bigint AS phone) AS given
LEFT JOIN number_lookups AS known ON known.phone_national = given.phone AND known.line_type <> 'unknown'
RETURNING *
