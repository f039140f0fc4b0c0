-- Where a batch waits, within its transaction, to be merged into a table whose indexes are in place.
CREATE TEMPORARY TABLE incoming_contacts (
    phone_national bigint, source_row_id bigint, migrated_at timestamptz, import_id uuid, is_valid boolean,
    phone_original text, full_name text, address text, neighborhood text, municipality text, state_code text,
    state_name text, state_text text, lada text, city text, line_type text, carrier text
) ON COMMIT DELETE ROWS
