-- Whether there is any contact at all: reads one row at most.
SELECT EXISTS (SELECT FROM contacts) AS is_any
