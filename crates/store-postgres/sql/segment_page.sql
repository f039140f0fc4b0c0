-- Segments as they are now, the latest made first, by segments_current_key.
SELECT *
FROM segments
WHERE is_current AND deleted_at IS NULL AND ($1::uuid IS NULL OR id < $1)
ORDER BY id DESC
LIMIT $2
