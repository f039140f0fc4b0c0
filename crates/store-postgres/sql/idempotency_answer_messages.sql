-- Keeps what a key answers: single messages as they are in this transaction, each the first of its campaign. By
-- idempotency_keys_pkey and messages_pkey.
-- $1 actor, $2 key, $3 campaigns.
UPDATE idempotency_keys
SET response = jsonb_build_object('messages', (
    SELECT jsonb_agg(to_jsonb(messages) - 'body' ORDER BY sent.place)
    FROM unnest($3::uuid[]) WITH ORDINALITY AS sent (campaign_id, place)
    JOIN messages ON messages.campaign_id = sent.campaign_id AND messages.seq = 1))
WHERE actor = $1 AND key = $2
