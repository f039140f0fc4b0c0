-- The plan's third validation query, as it stands there.
SELECT state_code, COUNT(*) FROM contacts GROUP BY state_code ORDER BY COUNT(*) DESC
