-- What a key answered when it was used for a contact, by idempotency_keys_pkey.
SELECT contact.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::contacts, used.response) AS contact
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
