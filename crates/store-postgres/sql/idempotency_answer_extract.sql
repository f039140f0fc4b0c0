-- Keeps what a key answers: the extract as it is in this transaction. By idempotency_keys_pkey and extracts_pkey.
UPDATE idempotency_keys SET response = to_jsonb(extracts)
FROM extracts
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2 AND extracts.id = $3
