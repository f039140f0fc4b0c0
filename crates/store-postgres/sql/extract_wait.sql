-- Waits for the one who is at it, for as long as lock_timeout allows.
SELECT pg_advisory_xact_lock(hashtext('extracts'))
