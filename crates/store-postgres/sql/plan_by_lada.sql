-- The plan's fourth validation query, as it stands there.
SELECT lada, COUNT(*) FROM contacts GROUP BY lada ORDER BY COUNT(*) DESC LIMIT 20
