-- Notes the definitions of the indexes of contacts, but for its primary key, before they are taken down.
INSERT INTO deferred_indexes (name, definition)
SELECT pg_class.relname, pg_get_indexdef(pg_index.indexrelid)
FROM pg_index
JOIN pg_class ON pg_class.oid = pg_index.indexrelid
WHERE pg_index.indrelid = 'contacts'::regclass AND NOT pg_index.indisprimary
RETURNING name
