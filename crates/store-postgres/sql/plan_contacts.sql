-- The plan's first validation query, as it stands there.
SELECT COUNT(*) FROM contacts
