-- Keeps what became of attempts to send. An outcome that comes after the sweep had given the attempt up replaces what
-- the sweep wrote. Carried by message_attempts_pkey.
-- One entry for each attempt in $2 seqs, $3 attempts, $4 outcomes, $5 reasons, $6 the provider's ids, $7 when begun,
-- $8 senders; $1 campaign.
INSERT INTO message_attempts AS attempts (campaign_id, seq, attempt, outcome, reason, provider_id, started_at, sender_id)
SELECT $1, entry.seq, entry.attempt, entry.outcome, entry.reason, entry.provider_id, entry.started_at,
       entry.sender_id
FROM unnest($2::int4[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[])
     AS entry (seq, attempt, outcome, reason, provider_id, started_at, sender_id)
ORDER BY entry.seq
ON CONFLICT (campaign_id, seq, attempt) DO UPDATE
SET outcome = excluded.outcome, reason = excluded.reason, provider_id = excluded.provider_id,
    started_at = excluded.started_at, sender_id = excluded.sender_id, finished_at = now()
