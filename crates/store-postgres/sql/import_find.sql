-- One import, by its primary key.
SELECT * FROM imports
WHERE id = $1
