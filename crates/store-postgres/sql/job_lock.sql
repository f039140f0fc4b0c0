-- Holds a job until the transaction ends, by jobs_pkey.
SELECT * FROM jobs WHERE id = $1 AND state <> 'uploading' FOR UPDATE
