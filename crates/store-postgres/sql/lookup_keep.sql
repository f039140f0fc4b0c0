-- Keeps what was looked up, unless something was looked up later, and gives it to the contacts. By number_lookups_pkey and
-- contacts_phone_national_key.
-- $1 the numbers, $2 line types, $3 carriers, $4 whether they were ported, $5 when, $6 costs, $7 the provider.
WITH kept AS (
    INSERT INTO number_lookups AS known (phone_national, line_type, carrier, is_ported, looked_up_at, cost_micros, provider)
    SELECT entry.phone_national, entry.line_type, entry.carrier, entry.is_ported, entry.looked_up_at, entry.cost_micros, $7
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[], $6::bigint[])
         AS entry (phone_national, line_type, carrier, is_ported, looked_up_at, cost_micros)
    ORDER BY entry.phone_national
    ON CONFLICT (phone_national) DO UPDATE
    SET line_type = excluded.line_type, carrier = excluded.carrier, is_ported = excluded.is_ported,
        looked_up_at = excluded.looked_up_at, cost_micros = excluded.cost_micros, provider = excluded.provider
    WHERE known.looked_up_at < excluded.looked_up_at
    RETURNING known.phone_national, known.line_type, known.carrier
)
UPDATE contacts
SET line_type = kept.line_type, carrier = coalesce(kept.carrier, contacts.carrier),
    updated_at = greatest(clock_timestamp(), contacts.updated_at + interval '1 microsecond')
FROM kept
WHERE contacts.phone_national = kept.phone_national AND kept.line_type <> 'unknown'
  AND (contacts.line_type, contacts.carrier)
      IS DISTINCT FROM (kept.line_type, coalesce(kept.carrier, contacts.carrier))
