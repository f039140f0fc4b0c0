-- Clears the prefixes that the source did not know before they are written again (missing_ladas_pkey).
DELETE FROM missing_ladas WHERE import_id = $1
