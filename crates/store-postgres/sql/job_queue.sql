-- Queues a job: one whose file is there becomes it, another is made unless so many wait already. By jobs_pkey and jobs_open_idx.
-- $1 the job, $2 its kind, $3 what is to be done, $4 where it will have ended; NULL is the last contact there is now, $5 who,
-- $6 when, $7 the most that wait.
INSERT INTO jobs (id, kind, state, task, total, created_by, created_at)
SELECT $1, $2::text, 'queued', $3::text::jsonb, coalesce($4::bigint, (SELECT max(id) FROM contacts), 0), $5, $6
WHERE EXISTS (SELECT FROM jobs WHERE id = $1 AND state = 'uploading')
   OR (SELECT count(*) FROM jobs WHERE state IN ('uploading', 'queued', 'running')) < $7
ON CONFLICT ON CONSTRAINT jobs_pkey DO UPDATE
SET kind = excluded.kind, state = 'queued', task = excluded.task, total = excluded.total, created_at = excluded.created_at
WHERE jobs.state = 'uploading'
RETURNING *
