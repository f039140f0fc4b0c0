-- Ends a claim, unless one of its messages is still being sent: outcomes that were recorded before may have been lost with
-- the server that had taken them, and without its claim the sweep would never find such a message. Carried by claims_pkey
-- and messages_pkey.
-- $1 claim, $2 its campaign.
DELETE FROM claims
WHERE claims.id = $1
  AND NOT EXISTS (
      SELECT
      FROM unnest(claims.seqs) AS part
      CROSS JOIN LATERAL (
          SELECT
          FROM messages
          WHERE messages.campaign_id = $2
            AND messages.seq >= lower(part) AND messages.seq < upper(part)
            AND messages.claim_id = $1 AND messages.state = 'sending'
          OFFSET 0
      ) AS message
  )
