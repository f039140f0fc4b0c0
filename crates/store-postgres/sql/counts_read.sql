-- The cells of one cube: some hundreds or thousands of rows, whatever the number of contacts.
SELECT key, line_type, status, is_valid, has_opted_out, contacts
FROM contact_counts_now
WHERE dimension = $1
ORDER BY key NULLS LAST
