-- The plan's second validation query, as it stands there.
SELECT COUNT(*) FROM contacts WHERE is_valid = true
