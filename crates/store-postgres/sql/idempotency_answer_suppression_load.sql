-- Keeps what a key answers: the load as it is in this transaction. By idempotency_keys_pkey and suppression_loads_pkey.
UPDATE idempotency_keys SET response = to_jsonb(suppression_loads)
FROM suppression_loads
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2 AND suppression_loads.id = $3
