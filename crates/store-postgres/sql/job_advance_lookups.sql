-- Moves the checkpoint of a job that looks numbers up, adds what was done, and makes its lease longer. By jobs_pkey.
-- $1 the job, $2 the checkpoint, $3 for how many seconds, $4 asked, $5 cached, $6 mobile, $7 fixed, $8 unknown, $9 failed, $10 cost.
UPDATE jobs
SET checkpoint = $2, leased_until = now() + make_interval(secs => $3), claims = 0,
    lookups_asked = lookups_asked + $4, lookups_cached = lookups_cached + $5, lookups_mobile = lookups_mobile + $6,
    lookups_fixed = lookups_fixed + $7, lookups_unknown = lookups_unknown + $8, lookups_failed = lookups_failed + $9,
    lookups_cost = lookups_cost + $10
WHERE id = $1
