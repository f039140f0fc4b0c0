-- Keeps a part of a file that comes in, by jobs_pkey.
-- $1 the job, $2 which part, $3 its bytes.
INSERT INTO job_parts (job_id, part, bytes)
SELECT id, $2, $3 FROM jobs WHERE id = $1 AND state = 'uploading'
