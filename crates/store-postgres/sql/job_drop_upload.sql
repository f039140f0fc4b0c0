-- Forgets a file that is not queued; its parts go with it. By jobs_pkey.
DELETE FROM jobs WHERE id = $1 AND state = 'uploading'
