-- Adds one contact. A number that is there already violates contacts_phone_national_key. phone_e164 and is_mobile are
-- generated.
INSERT INTO contacts (phone_national, phone_original, full_name, address, neighborhood, municipality, state_code,
                      state_name, lada, city, line_type, carrier, is_valid, source, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'api', $14, $14)
RETURNING *
