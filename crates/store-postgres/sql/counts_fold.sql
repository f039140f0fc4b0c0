-- Folds at most $1 noted changes into the cubes, the oldest first, and answers how many. What another is folding is left to
-- it; cells are changed in one order by all, so that nobody waits for who waits for him. Who takes notes away draws an id: else
-- the contacts could come back to a version that they had before a change.
WITH taken AS (
    DELETE FROM contact_count_changes
    WHERE id IN (SELECT id FROM contact_count_changes ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING dimension, key, line_type, status, is_valid, has_opted_out, contacts
),
folded AS (
    INSERT INTO contact_counts AS cube (dimension, key, line_type, status, is_valid, has_opted_out, contacts)
    SELECT dimension, key, line_type, status, is_valid, has_opted_out, sum(contacts)
    FROM taken
    GROUP BY 1, 2, 3, 4, 5, 6
    HAVING sum(contacts) <> 0
    ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT ON CONSTRAINT contact_counts_key DO UPDATE SET contacts = cube.contacts + excluded.contacts
)
SELECT count(*) AS folded,
       CASE WHEN count(*) > 0 THEN nextval(pg_get_serial_sequence('contact_count_changes', 'id')) END AS drawn
FROM taken
