-- The calls that are left of the day, by lookup_budgets_pkey.
-- $1 the provider, $2 the most of a day, $3 the zone whose days count.
SELECT greatest(0, $2::bigint - CASE WHEN day = (now() AT TIME ZONE $3::text)::date THEN calls ELSE 0 END) AS left_today
FROM lookup_budgets
WHERE provider = $1
