-- What a key answered when it was used for a list, by idempotency_keys_pkey.
SELECT load.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::suppression_loads, used.response) AS load
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
