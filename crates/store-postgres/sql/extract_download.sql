-- Notes that the file of an extract is given out, by extracts_pkey; no row when its time has ended.
UPDATE extracts SET downloads = downloads + 1, downloaded_at = now()
WHERE id = $1 AND expires_at > now() AND emptied_at IS NULL
RETURNING *
