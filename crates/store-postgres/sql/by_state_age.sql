-- How old contacts_by_state is, in seconds, by view_refreshes_pkey.
SELECT greatest(extract(epoch FROM clock_timestamp() - refreshed_at), 0)::float8 AS seconds
FROM view_refreshes
WHERE name = 'contacts_by_state'
