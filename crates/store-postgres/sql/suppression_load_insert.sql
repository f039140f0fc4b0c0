-- Notes that a list is being loaded; rolled back with it.
-- $1 source, $2 file, $3 listed on, $4 until when, $5 who.
INSERT INTO suppression_loads (source, file_name, listed_on, expires_at, loaded_by)
VALUES ($1, $2, $3, $4, $5)
RETURNING id
