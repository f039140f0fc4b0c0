-- Stores the waiting contacts but for those whose number is there already (contacts_phone_national_key), and answers
-- the source rows of these.
WITH stored AS (
    INSERT INTO contacts (phone_national, source_row_id, migrated_at, import_id, is_valid, phone_original, full_name,
                          address, neighborhood, municipality, state_code, state_name, state_text, lada, city,
                          line_type, carrier)
    SELECT phone_national, source_row_id, migrated_at, import_id, is_valid, phone_original, full_name,
           address, neighborhood, municipality, state_code, state_name, state_text, lada, city, line_type,
           carrier
    FROM incoming_contacts
    ORDER BY source_row_id
    ON CONFLICT (phone_national) DO NOTHING
    RETURNING source_row_id
)
SELECT source_row_id FROM incoming_contacts
EXCEPT
SELECT source_row_id FROM stored
