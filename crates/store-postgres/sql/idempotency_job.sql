-- What a key answered when it was used for a job, by idempotency_keys_pkey.
SELECT job.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::jobs, used.response) AS job
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
