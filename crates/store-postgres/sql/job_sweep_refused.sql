-- Takes refused lines of jobs away whose time has ended, at most $1. By jobs_expires_at_idx and job_refused_lines_pkey.
DELETE FROM job_refused_lines
WHERE ctid = ANY (ARRAY(
    SELECT refused.ctid
    FROM jobs
    JOIN job_refused_lines AS refused ON refused.job_id = jobs.id
    WHERE jobs.expires_at < now()
    LIMIT $1
))
