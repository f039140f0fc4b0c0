-- Takes claims whose lease has ended, and names the messages that are still being sent by them. Two sweeps never take
-- the same claim. Carried by claims_lease_until_idx and messages_pkey.
-- $1 the most claims.
WITH dead AS (
    DELETE FROM claims
    WHERE id IN (SELECT id FROM claims WHERE lease_until < now() ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id, campaign_id, seqs
)
SELECT dead.campaign_id, message.seq, message.attempt
FROM dead
CROSS JOIN unnest(dead.seqs) AS part
CROSS JOIN LATERAL (
    SELECT messages.seq, messages.attempt
    FROM messages
    WHERE messages.campaign_id = dead.campaign_id
      AND messages.seq >= lower(part) AND messages.seq < upper(part)
      AND messages.claim_id = dead.id AND messages.state = 'sending'
    OFFSET 0
) AS message
