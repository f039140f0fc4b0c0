-- Begins to take a file in, unless so many come in already, from this user or in all; jobs_open_idx counts them.
-- $1 the job, $2 who, $3 the most files in all, $4 the most files of one user.
INSERT INTO jobs (id, state, created_by)
SELECT $1, 'uploading', $2
WHERE (SELECT count(*) FROM jobs WHERE state = 'uploading') < $3
  AND (SELECT count(*) FROM jobs WHERE state = 'uploading' AND created_by = $2) < $4
