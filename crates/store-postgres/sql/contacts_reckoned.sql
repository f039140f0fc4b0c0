-- How many contacts the server reckons that there are.
SELECT greatest(reltuples, 1)::float8 AS contacts FROM pg_class WHERE oid = 'contacts'::regclass
