-- Whether anything was ever looked up: reads one row at most.
SELECT EXISTS (SELECT FROM number_lookups) AS is_any
