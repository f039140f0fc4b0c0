-- Lines that did not become contacts, in the file's order, by job_refused_lines_pkey.
SELECT line, reason, detail, fields FROM job_refused_lines WHERE job_id = $1 AND line > $2 ORDER BY line LIMIT $3
