-- Takes the job that waits longest, or one whose lease is over; none while an empty table of contacts is loaded. Two workers never
-- take the same. By jobs_open_idx.
-- $1 for how many seconds.
UPDATE jobs
SET state = 'running', claim = nextval('job_claims'), claims = claims + 1, started_at = coalesce(started_at, now()),
    leased_until = now() + make_interval(secs => $1)
WHERE id = (
    SELECT id FROM jobs
    WHERE (state = 'queued' OR (state = 'running' AND leased_until < now()))
      AND NOT EXISTS (SELECT FROM deferred_indexes)
    ORDER BY id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING *
