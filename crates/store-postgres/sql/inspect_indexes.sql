-- The indexes that the contract names, and whether each is there and can be used.
SELECT name, coalesce(pg_index.indisvalid AND pg_index.indisready, false) AS is_usable
FROM unnest($1::text[]) AS name
LEFT JOIN pg_index ON pg_index.indexrelid = to_regclass(name)
ORDER BY name
