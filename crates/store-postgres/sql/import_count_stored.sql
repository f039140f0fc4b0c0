-- What the tables really hold of one import: a scan of contacts, and import_rejects_pkey.
SELECT (SELECT count(*) FROM contacts WHERE import_id = $1) AS contacts,
       (SELECT count(*) FROM import_rejects WHERE import_id = $1 AND outcome = 'duplicate') AS duplicates,
       (SELECT count(*) FROM import_rejects WHERE import_id = $1 AND outcome = 'rejected') AS rejected
