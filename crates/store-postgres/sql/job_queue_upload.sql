-- Queues the job whose file came in, unless so many wait already. By jobs_pkey and jobs_open_idx.
-- $1 the job, $2 its kind, $3 what is to be done, $4 where it will have ended, $5 when, $6 the most that wait.
UPDATE jobs
SET kind = $2, state = 'queued', task = $3::text::jsonb, total = $4, created_at = $5
WHERE id = $1 AND state = 'uploading'
  AND (SELECT count(*) FROM jobs AS open WHERE open.state IN ('queued', 'running')) < $6
RETURNING *
