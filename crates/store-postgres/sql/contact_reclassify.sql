-- Classes contacts as they are to be, by contacts_pkey; rows that are as they are to be by now are not written.
UPDATE contacts SET line_type = classed.line_type, carrier = classed.carrier, updated_at = now()
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS classed (id, line_type, carrier)
WHERE contacts.id = classed.id
  AND (contacts.line_type <> classed.line_type OR contacts.carrier IS DISTINCT FROM classed.carrier)
