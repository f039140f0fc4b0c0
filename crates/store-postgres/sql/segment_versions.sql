-- The versions of a segment that was not deleted, the latest first, by segments_pkey.
SELECT *
FROM segments
WHERE id = $1 AND ($2::integer IS NULL OR version < $2)
  AND EXISTS (SELECT FROM segments AS current WHERE current.id = $1 AND current.is_current AND current.deleted_at IS NULL)
ORDER BY version DESC
LIMIT $3
