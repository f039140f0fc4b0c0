-- What a key answered when it was used for a suppression, by idempotency_keys_pkey.
SELECT suppression.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::suppressions, used.response) AS suppression
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
