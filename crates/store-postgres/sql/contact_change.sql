-- Changes one contact, by contacts_pkey. A field whose flag is false stays as it is. updated_at never stands still: it tells
-- one version from the next.
-- $1 id, $2 to $14 pairs of flag and value: name, address, neighbourhood, municipality, state's code and name, city; $15 status or NULL.
UPDATE contacts
SET full_name = CASE WHEN $2::boolean THEN $3::text ELSE full_name END,
    address = CASE WHEN $4::boolean THEN $5::text ELSE address END,
    neighborhood = CASE WHEN $6::boolean THEN $7::text ELSE neighborhood END,
    municipality = CASE WHEN $8::boolean THEN $9::text ELSE municipality END,
    state_code = CASE WHEN $10::boolean THEN $11::text ELSE state_code END,
    state_name = CASE WHEN $10::boolean THEN $12::text ELSE state_name END,
    state_text = CASE WHEN $10::boolean THEN NULL ELSE state_text END,
    city = CASE WHEN $13::boolean THEN $14::text ELSE city END,
    status = coalesce($15::text, status),
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $1
RETURNING *
