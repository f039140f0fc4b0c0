-- What a key answered when it was used for a campaign, by idempotency_keys_pkey.
SELECT campaign.*
FROM idempotency_keys AS used
CROSS JOIN LATERAL jsonb_populate_record(NULL::campaigns, used.response) AS campaign
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
