-- The current version of a segment is current no more, by segments_pkey; no row when another was first.
UPDATE segments SET is_current = false WHERE id = $1 AND version = $2 AND is_current AND deleted_at IS NULL
