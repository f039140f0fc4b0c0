-- Makes the index that was sorted after the load the one that SQLite itself keeps for a UNIQUE column.
UPDATE sqlite_schema SET name = 'sqlite_autoindex_numeros_1', sql = NULL WHERE type = 'index' AND name = 'numeros_unique'
