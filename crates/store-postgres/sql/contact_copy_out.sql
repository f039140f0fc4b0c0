-- Writes contacts of an import down, behind a source row: the columns of contact_copy.sql. A COPY takes no parameters, so
-- both stand in the settings that copied_behind.sql makes.
COPY (
    SELECT phone_national, source_row_id, migrated_at, import_id, is_valid, phone_original, full_name, address,
           neighborhood, municipality, state_code, state_name, state_text, lada, city, line_type, carrier
    FROM contacts
    WHERE import_id = current_setting('pregon.copied_import')::uuid
      AND source_row_id > current_setting('pregon.copied_after')::bigint
) TO STDOUT (FORMAT binary)
