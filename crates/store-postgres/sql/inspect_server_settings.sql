-- What the server has of memory and log for a bulk load; a session cannot change these.
SELECT name, pg_size_bytes(current_setting(name)) AS bytes, current_setting(name) AS shown
FROM unnest(ARRAY['shared_buffers', 'wal_buffers', 'max_wal_size']) AS name
