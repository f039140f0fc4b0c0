-- One job that is more than a file that comes in, by jobs_pkey.
SELECT * FROM jobs WHERE id = $1 AND state <> 'uploading'
