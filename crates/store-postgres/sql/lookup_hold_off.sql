-- Lets nobody call a provider's lookup for so many seconds, by lookup_budgets_pkey.
-- $1 the provider, $2 seconds.
UPDATE lookup_budgets SET not_before = greatest(not_before, now() + make_interval(secs => $2)) WHERE provider = $1
