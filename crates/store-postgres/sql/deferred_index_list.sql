-- The indexes that were taken down, the unique one first: it proves that no number stands twice.
SELECT name, definition FROM deferred_indexes ORDER BY definition NOT LIKE 'CREATE UNIQUE%', name
