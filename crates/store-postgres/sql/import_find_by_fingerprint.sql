-- The last import that began with a file and was not taken back (imports_source_fingerprint_idx).
SELECT * FROM imports
WHERE source_fingerprint = $1 AND state <> 'rolled_back'
ORDER BY started_at DESC, id DESC
LIMIT 1
