-- Keeps a sender from being claimed from for some seconds, by paces_pkey.
-- $1 sender, $2 seconds.
UPDATE paces
SET not_before = greatest(not_before, now() + make_interval(secs => $2::float8))
WHERE owner = 'sender:' || $1::uuid
