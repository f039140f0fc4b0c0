-- Ends a job; its file goes with its end. By jobs_pkey and job_parts_pkey.
-- $1 the job, $2 as what, $3 why it failed, $4 for how many seconds it is kept.
WITH gone AS (DELETE FROM job_parts WHERE job_id = $1)
UPDATE jobs
SET state = $2, failure = $3, finished_at = now(), expires_at = now() + make_interval(secs => $4),
    claim = NULL, leased_until = NULL
WHERE id = $1
RETURNING *
