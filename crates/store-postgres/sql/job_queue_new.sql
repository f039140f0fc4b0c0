-- Queues a job without a file, unless so many wait already; it ends with the last contact there is now. By jobs_open_idx.
-- $1 the job, $2 its kind, $3 what is to be done, $4 who, $5 when, $6 the most that wait.
INSERT INTO jobs (id, kind, state, task, total, created_by, created_at)
SELECT $1, $2::text, 'queued', $3::text::jsonb, coalesce((SELECT max(id) FROM contacts), 0), $4, $5
WHERE (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')) < $6
RETURNING *
