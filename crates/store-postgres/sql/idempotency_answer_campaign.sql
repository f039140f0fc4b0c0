-- Keeps what a key answers: the campaign as it is in this transaction. By idempotency_keys_pkey and campaigns_pkey.
UPDATE idempotency_keys SET response = to_jsonb(campaigns)
FROM campaigns
WHERE idempotency_keys.actor = $1 AND idempotency_keys.key = $2 AND campaigns.id = $3
