-- Takes jobs away whose time has ended and that have no refused lines any more, and files that were not queued in time, at most $1.
-- $2 how many seconds a file may take.
DELETE FROM jobs
WHERE id = ANY (ARRAY(
    SELECT id FROM jobs
    WHERE (expires_at < now() AND NOT EXISTS (SELECT FROM job_refused_lines WHERE job_id = jobs.id))
       OR (state = 'uploading' AND created_at < now() - make_interval(secs => $2))
    LIMIT $1
))
