-- Moves the checkpoint of a job, adds what was done, and makes its lease longer. By jobs_pkey.
-- $1 the job, $2 the checkpoint, $3 for how many seconds, $4 imported, $5 duplicates, $6 rejected, $7 matched, $8 tags added, $9 tags
-- removed, $10 left out.
UPDATE jobs
SET checkpoint = $2, leased_until = now() + make_interval(secs => $3), claims = 0,
    imported = imported + $4, duplicates = duplicates + $5, rejected = rejected + $6, matched = matched + $7,
    tags_added = tags_added + $8, tags_removed = tags_removed + $9, left_out = left_out + $10
WHERE id = $1
