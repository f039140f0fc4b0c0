-- What contacts_by_state adds up to.
SELECT coalesce(sum(total_contacts), 0)::bigint AS total FROM contacts_by_state
