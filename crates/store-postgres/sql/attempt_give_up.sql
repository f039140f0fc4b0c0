-- Writes down the attempts of workers that died, where nothing better is known. Carried by message_attempts_pkey.
-- One entry for each in $1 campaigns, $2 seqs, $3 attempts; $4 the reason.
INSERT INTO message_attempts (campaign_id, seq, attempt, outcome, reason)
SELECT entry.campaign_id, entry.seq, entry.attempt, 'unknown', $4
FROM unnest($1::uuid[], $2::int4[], $3::int2[]) AS entry (campaign_id, seq, attempt)
ORDER BY entry.campaign_id, entry.seq
ON CONFLICT DO NOTHING
