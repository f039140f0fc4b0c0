-- What people wrote to us: how it was read, which message it answers, and what somebody who looked at it decided.
CREATE TABLE inbound_messages (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    received_at timestamptz NOT NULL DEFAULT now(),
    campaign_id uuid,
    phone       bigint,
    seq         integer,
    is_doubtful boolean NOT NULL,
    meaning     text COLLATE "C" NOT NULL,
    provider    text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    body        text NOT NULL,
    reviewed_at timestamptz,
    reviewed_by text,
    decision    text COLLATE "C",
    CONSTRAINT inbound_messages_pkey PRIMARY KEY (id),
    CONSTRAINT inbound_messages_event_key UNIQUE (provider, event_id),
    CONSTRAINT inbound_messages_meaning_known CHECK (meaning IN ('opt_out', 'opt_in', 'help', 'other')),
    CONSTRAINT inbound_messages_decision_known CHECK (decision IN ('opt_out', 'opt_in', 'none')),
    CONSTRAINT inbound_messages_reviewed_whole
        CHECK ((reviewed_at IS NULL) = (decision IS NULL) AND (reviewed_at IS NULL) = (reviewed_by IS NULL))
);
CREATE INDEX inbound_messages_phone_idx ON inbound_messages (phone, id);
CREATE INDEX inbound_messages_unreviewed_idx ON inbound_messages (id) WHERE is_doubtful AND reviewed_at IS NULL;

-- Until when a worker leaves the sender's provider alone, for it gives no answers: people are told, and nothing goes by it.
ALTER TABLE paces ADD COLUMN away_until timestamptz;
