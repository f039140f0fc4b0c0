-- Waits for whoever gives contacts what is looked up, so that a contact which is added gets it from the one or the other.
SELECT pg_advisory_xact_lock_shared(hashtext('number_lookups'))
