-- How many lines of a job's file were refused. By jobs_pkey.
-- $1 job.
SELECT rejected + duplicates AS refused FROM jobs WHERE id = $1
