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
