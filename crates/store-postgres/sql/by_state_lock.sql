-- Whether nobody else is bringing contacts_by_state up to date; held for as long as the connection lasts.
SELECT pg_try_advisory_lock(hashtext('contacts_by_state')) AS is_alone
