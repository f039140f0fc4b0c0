-- Keeps lines that did not become contacts.
-- $1 the job, then their lines, reasons, details, and fields, each as an array of its own in JSON.
INSERT INTO job_refused_lines (job_id, line, reason, detail, fields)
SELECT $1, refused.line, refused.reason, refused.detail,
       ARRAY(SELECT field FROM jsonb_array_elements_text(refused.fields::jsonb) WITH ORDINALITY AS one (field, n) ORDER BY n)
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS refused (line, reason, detail, fields)
