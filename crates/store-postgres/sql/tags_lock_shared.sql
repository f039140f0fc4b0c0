-- Waits for whoever tags many contacts, so that how many tags one has is counted right.
SELECT pg_advisory_xact_lock_shared(hashtext('contact_tags'))
