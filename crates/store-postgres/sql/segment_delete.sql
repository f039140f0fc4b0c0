-- Deletes a segment: its current version says when, by segments_current_key.
UPDATE segments SET deleted_at = now() WHERE id = $1 AND is_current AND deleted_at IS NULL
