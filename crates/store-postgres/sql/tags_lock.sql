-- Lets nobody else add tags until the transaction ends: how many a contact has is counted before it gets more.
SELECT pg_advisory_xact_lock(hashtext('contact_tags'))
