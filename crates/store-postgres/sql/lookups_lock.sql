-- Lets nobody else give contacts what is looked up, nor add contacts by it, until the transaction ends: what was read of either is
-- still so when it is written.
SELECT pg_advisory_xact_lock(hashtext('number_lookups'))
