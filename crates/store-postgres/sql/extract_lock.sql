-- One extract is picked at a time. Whether nobody else is at it, and the time of asking.
SELECT pg_try_advisory_xact_lock(hashtext('extracts')) AS is_alone, clock_timestamp() AS asked_at
