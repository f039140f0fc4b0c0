-- A table's columns, generated ones too, with their place in the primary key.
SELECT name, type, pk FROM pragma_table_xinfo(?1) ORDER BY cid
