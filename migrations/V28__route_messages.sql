-- Which senders the messages of another go by.

-- `carrier` is as contacts have it, and empty for any that has no row of its own; `via` has the first first. There are few,
-- and each claim reads those of its sender.
CREATE TABLE sender_routes (
    sender_id uuid NOT NULL,
    carrier   text COLLATE "C" NOT NULL,
    via       uuid[] NOT NULL,
    CONSTRAINT sender_routes_pkey PRIMARY KEY (sender_id, carrier),
    CONSTRAINT sender_routes_sender_fk FOREIGN KEY (sender_id) REFERENCES senders ON DELETE RESTRICT,
    CONSTRAINT sender_routes_via_some CHECK (cardinality(via) > 0)
);

-- The sender that an attempt went by; NULL where its worker died, and before this was kept.
ALTER TABLE message_attempts ADD COLUMN sender_id uuid;

-- Until when messages that may go by another sender do, for the provider will not have this one.
ALTER TABLE paces ADD COLUMN blocked_until timestamptz;

-- The senders that a campaign's messages go by where its sender has routes, in the order in which they are tried: one that is
-- blocked, or a second choice that was asked to wait, is out and comes last. `present` counts those of a carrier that are not.
-- What answers somebody comes from whom they wrote to.
CREATE VIEW campaign_hops AS
SELECT hop.*,
       row_number() OVER (PARTITION BY hop.campaign_id, hop.carrier ORDER BY hop.is_out, hop.place) AS turn,
       count(*) FILTER (WHERE NOT hop.is_out) OVER (PARTITION BY hop.campaign_id, hop.carrier) AS present
FROM (
    SELECT campaigns.id AS campaign_id, sender_routes.carrier, via.sender_id, via.place, paces.owner,
           coalesce(paces.blocked_until > now(), false) OR (via.place > 1 AND paces.not_before > now()) AS is_out
    FROM campaigns
    JOIN sender_routes ON sender_routes.sender_id = campaigns.sender_id
    CROSS JOIN LATERAL unnest(sender_routes.via) WITH ORDINALITY AS via (sender_id, place)
    JOIN paces ON paces.owner = 'sender:' || via.sender_id
    WHERE campaigns.kind <> 'reply'
) AS hop;

-- The paces that a campaign goes by. Claims wait for those that are its own and for the senders that are tried first (`is_gate`);
-- `patience` is how many times as far ahead as usual each may be sold: twice what is of high priority, which need not wait for
-- what others took, and senders on routes, of which two may otherwise never be free at once; ten times those that are tried later,
-- which are hardly used.
CREATE VIEW campaign_paces AS
SELECT campaigns.id AS campaign_id, part.owner, bool_or(part.is_own) AS is_own, bool_or(part.is_gate) AS is_gate,
       min(part.patience) * CASE campaigns.priority WHEN 'high' THEN 2 ELSE 1 END AS patience
FROM campaigns
JOIN senders ON senders.id = campaigns.sender_id
CROSS JOIN LATERAL (
    SELECT own.owner, true AS is_own, true AS is_gate, 1 AS patience
    FROM unnest(ARRAY['account:' || senders.provider, 'campaign:' || campaigns.id, 'sender:' || senders.id]) AS own (owner)
    UNION ALL
    SELECT hops.owner, false, hops.turn = 1, CASE WHEN hops.turn = 1 THEN 2 ELSE 10 END
    FROM campaign_hops AS hops
    WHERE hops.campaign_id = campaigns.id
) AS part
GROUP BY campaigns.id, campaigns.priority, part.owner;
