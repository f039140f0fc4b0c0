-- Holds a job for a step, if the claim of it is still good. By jobs_pkey.
-- $1 the job, $2 the claim.
SELECT * FROM jobs WHERE id = $1 AND claim = $2 AND state = 'running' FOR UPDATE
