-- Keeps what a key answers: the suppression as it is in this transaction. By idempotency_keys_pkey and suppressions_pkey.
UPDATE idempotency_keys SET response = to_jsonb(suppressions)
FROM suppressions
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2
  AND suppressions.phone_national = $3 AND suppressions.source = 'manual'
