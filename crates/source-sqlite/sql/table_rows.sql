-- Every row of a small table by its first column, its key. {table} is one of two known names, {rows} a limit.
SELECT * FROM {table} ORDER BY 1 LIMIT {rows}
