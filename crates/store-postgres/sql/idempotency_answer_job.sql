-- Keeps what a key answers: the job as it is in this transaction. By idempotency_keys_pkey and jobs_pkey.
UPDATE idempotency_keys SET response = to_jsonb(jobs)
FROM jobs
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2 AND jobs.id = $3
