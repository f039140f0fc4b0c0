-- Whether a file is still there that comes in, by jobs_pkey.
SELECT EXISTS (SELECT FROM jobs WHERE id = $1 AND state = 'uploading') AS is_there
