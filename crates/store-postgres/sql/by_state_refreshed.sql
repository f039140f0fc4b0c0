-- Notes that contacts_by_state is up to date, by view_refreshes_pkey.
INSERT INTO view_refreshes (name, refreshed_at)
VALUES ('contacts_by_state', now())
ON CONFLICT (name) DO UPDATE SET refreshed_at = excluded.refreshed_at
