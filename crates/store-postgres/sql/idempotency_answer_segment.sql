-- Keeps what a key answers: the segment as it is in this transaction. By idempotency_keys_pkey and segments_pkey.
UPDATE idempotency_keys SET response = to_jsonb(segments)
FROM segments
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2 AND segments.id = $3 AND segments.is_current
