-- What a key answered when it was used for an extract, by idempotency_keys_pkey.
SELECT extract.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::extracts, used.response) AS extract
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
