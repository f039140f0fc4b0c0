-- Begins to take a file in, unless so many jobs wait already; jobs_open_idx counts them.
-- $1 the job, $2 who, $3 the most that wait.
INSERT INTO jobs (id, state, created_by)
SELECT $1, 'uploading', $2
WHERE (SELECT count(*) FROM jobs WHERE state IN ('uploading', 'queued', 'running')) < $3
