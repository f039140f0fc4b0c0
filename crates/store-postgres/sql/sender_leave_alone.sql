-- Notes that a worker leaves a sender's provider alone for some seconds, by paces_pkey. Nothing goes by it.
-- $1 sender, $2 seconds.
UPDATE paces
SET away_until = now() + make_interval(secs => $2::float8)
WHERE owner = 'sender:' || $1::uuid
