-- Jobs, the latest first, by jobs_pkey.
SELECT * FROM jobs WHERE ($1::uuid IS NULL OR id < $1) AND state <> 'uploading' ORDER BY id DESC LIMIT $2
