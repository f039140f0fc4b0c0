-- What a key answered when it was used for single messages; one row without a message where it was used for something else.
-- By idempotency_keys_pkey.
SELECT message.campaign_id, message.seq, message.phone, message.state::text, message.reason,
       message.attempt, message.segments, message.changed_at
FROM idempotency_keys AS used
LEFT JOIN LATERAL jsonb_populate_recordset(NULL::messages, coalesce(used.response -> 'messages', '[]')) AS message ON true
WHERE used.actor = $1 AND used.key = $2 AND used.expires_at >= now()
