-- Names messages that canceled campaigns have left in the queue: the rest of a lane, and what waited for a retry. The lane's
-- cursor goes on with them. Carried by campaigns_pkey, lanes_pkey and messages_pkey.
-- $1 the most messages of a lane.
WITH lane AS (
    SELECT lanes.campaign_id, lanes.zone, lanes.next_seq, least(lanes.next_seq + $1::integer, lanes.end_seq) AS end_seq
    FROM lanes
    JOIN campaigns ON campaigns.id = lanes.campaign_id
    WHERE campaigns.state = 'canceled' AND lanes.next_seq < lanes.end_seq
    LIMIT 1
    FOR UPDATE OF lanes SKIP LOCKED
),
advanced AS (
    UPDATE lanes SET next_seq = lane.end_seq
    FROM lane
    WHERE lanes.campaign_id = lane.campaign_id AND lanes.zone = lane.zone
),
retried AS (
    DELETE FROM due
    WHERE (campaign_id, seq, kind) IN (
        SELECT due.campaign_id, due.seq, due.kind
        FROM due
        JOIN campaigns ON campaigns.id = due.campaign_id
        WHERE due.kind = 'retry' AND campaigns.state = 'canceled'
        LIMIT 10
        FOR UPDATE OF due SKIP LOCKED
    )
    RETURNING campaign_id, seqs
),
part AS (
    SELECT lane.campaign_id, lane.next_seq AS first_seq, lane.end_seq FROM lane
    UNION ALL
    SELECT retried.campaign_id, lower(part), upper(part) FROM retried CROSS JOIN unnest(retried.seqs) AS part
)
SELECT part.campaign_id, message.seq, message.attempt
FROM part
CROSS JOIN LATERAL (
    SELECT messages.seq, messages.attempt
    FROM messages
    WHERE messages.campaign_id = part.campaign_id AND messages.seq >= part.first_seq AND messages.seq < part.end_seq
      AND messages.state = 'queued'
    OFFSET 0
) AS message
