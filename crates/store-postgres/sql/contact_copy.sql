-- Loads new contacts. The columns left out take their defaults; phone_e164 and is_mobile are generated.
COPY contacts (phone_national, source_row_id, migrated_at, import_id, is_valid, phone_original, full_name, address,
               neighborhood, municipality, state_code, state_name, state_text, lada, city, line_type,
               carrier)
FROM STDIN (FORMAT binary)
