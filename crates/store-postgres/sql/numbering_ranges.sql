-- The ranges of a version, in order of numbering_ranges_pkey.
SELECT first_number, last_number, line_type, carrier FROM numbering_ranges WHERE version = $1 ORDER BY first_number
