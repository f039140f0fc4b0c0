-- What was looked up of numbers, by number_lookups_pkey.
-- $1 the numbers, $2 for how many seconds it is fresh.
SELECT phone_national, line_type, carrier, is_ported, provider, looked_up_at, cost_micros,
       looked_up_at > now() - make_interval(secs => $2) AS is_fresh
FROM number_lookups
WHERE phone_national = ANY($1::bigint[])
