-- Has messages that may go by another sender do so for some seconds, by paces_pkey.
-- $1 sender, $2 seconds.
UPDATE paces
SET blocked_until = greatest(blocked_until, now() + make_interval(secs => $2::float8))
WHERE owner = 'sender:' || $1::uuid
