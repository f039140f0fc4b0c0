-- A row that the server itself refuses is kept among the rejects like any other, with what the server said.
ALTER TABLE import_rejects ADD COLUMN detail text;
ALTER TABLE import_rejects DROP CONSTRAINT import_rejects_reason_known;
ALTER TABLE import_rejects ADD CONSTRAINT import_rejects_reason_known CHECK (
    CASE outcome
        WHEN 'duplicate' THEN reason IN ('duplicate', 'duplicate_existing')
        ELSE reason IN ('empty', 'not_a_number', 'too_short', 'too_long', 'bad_first_digit', 'foreign',
                        'special_service', 'placeholder', 'not_storable')
    END);
