-- How many rows a table has. {table} is its name in quotes.
SELECT count(*) FROM {table}
