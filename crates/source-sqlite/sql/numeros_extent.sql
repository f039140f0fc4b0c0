-- How many rows there are and the last id: the count walks the smallest index, the id ends the rowid's tree.
SELECT (SELECT count(*) FROM numeros), (SELECT coalesce(max(id), 0) FROM numeros)
