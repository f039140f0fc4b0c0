-- Clears the source's account of itself before it is written again (import_statistics_pkey).
DELETE FROM import_statistics WHERE import_id = $1
