-- One contact, by contacts_phone_national_key.
SELECT id, phone_national, phone_original, full_name, address, neighborhood, municipality, state_code, state_text, lada,
       city, line_type, carrier, is_valid, status, opt_out_at, source_row_id, migrated_at,
       updated_at
FROM contacts
WHERE phone_national = $1
