-- What a key answered when it was used for a segment, by idempotency_keys_pkey.
SELECT segment.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::segments, used.response) AS segment
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
