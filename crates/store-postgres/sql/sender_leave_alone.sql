-- Notes that a worker leaves a sender alone for some seconds, by paces_pkey. What is routed by it goes by another meanwhile, where there is one.
-- $1 sender, $2 seconds.
UPDATE paces
SET away_until = now() + make_interval(secs => $2::float8)
WHERE owner = 'sender:' || $1::uuid
