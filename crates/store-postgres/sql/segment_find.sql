-- A segment as it is now, by segments_current_key.
SELECT * FROM segments WHERE id = $1 AND is_current AND deleted_at IS NULL
