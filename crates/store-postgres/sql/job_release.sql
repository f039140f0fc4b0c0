-- Gives a job back, so that it can be taken at once. By jobs_pkey.
-- $1 the job, $2 the claim.
UPDATE jobs SET leased_until = now(), claims = greatest(claims - 1, 0)
WHERE id = $1 AND claim = $2 AND state = 'running'
