-- One import by its primary key, or the last that began when $1 is null.
SELECT * FROM imports
WHERE $1::uuid IS NULL OR id = $1
ORDER BY started_at DESC, id DESC
LIMIT 1
