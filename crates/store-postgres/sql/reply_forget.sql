-- Forgets some of the answers of so many months ago. There are few, and they are read from the first on.
-- $1 months, $2 the most answers.
DELETE FROM replies
WHERE id IN (
    SELECT id FROM replies
    WHERE created_at < now() - make_interval(months => $1::integer)
    ORDER BY id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
