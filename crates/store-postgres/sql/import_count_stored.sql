-- How many contacts the table really holds of one import: a scan, done once an import.
SELECT count(*) AS contacts FROM contacts WHERE import_id = $1
