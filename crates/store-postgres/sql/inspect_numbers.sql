-- What all contacts owe, in one scan: E.164, an import that is there, a number of their own.
SELECT count(*) AS contacts,
       count(*) FILTER (WHERE phone_e164 !~ '^\+52[2-9][0-9]{9}$') AS malformed,
       count(*) FILTER (WHERE import_id IS NOT NULL AND imports.id IS NULL) AS orphans,
       count(*) FILTER (WHERE opt_out_at IS NULL) AS counted_by_state
FROM contacts
LEFT JOIN imports ON imports.id = contacts.import_id
