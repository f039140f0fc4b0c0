-- Gives contacts that came in what is looked up of their numbers already: walks through what was looked up, which is little, by
-- contacts_phone_national_key.
UPDATE contacts
SET line_type = known.line_type, carrier = coalesce(known.carrier, contacts.carrier),
    updated_at = greatest(clock_timestamp(), contacts.updated_at + interval '1 microsecond')
FROM number_lookups AS known
WHERE contacts.phone_national = known.phone_national AND known.line_type <> 'unknown'
  AND (contacts.line_type, contacts.carrier)
      IS DISTINCT FROM (known.line_type, coalesce(known.carrier, contacts.carrier))
