-- A part of a file, by job_parts_pkey.
SELECT bytes FROM job_parts WHERE job_id = $1 AND part = $2
