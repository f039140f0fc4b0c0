-- Takes away what an import kept beside its contacts, and ends it as rolled back. Its counts stay, as history.
WITH rejects AS (DELETE FROM import_rejects WHERE import_id = $1),
statistics AS (DELETE FROM import_statistics WHERE import_id = $1),
missing AS (DELETE FROM missing_ladas WHERE import_id = $1)
UPDATE imports SET state = 'rolled_back', finished_at = now(), updated_at = now() WHERE id = $1 AND state = 'rolling_back'
