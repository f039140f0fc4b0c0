-- Answers to what people wrote with one of the words: that they are barred, or not any more, or help. One of each kind a number
-- and day, so that two who answer each other come to an end.
CREATE TABLE replies (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    created_at  timestamptz NOT NULL DEFAULT now(),
    phone       bigint NOT NULL,
    day         date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
    sender_id   uuid NOT NULL,
    campaign_id uuid,
    meaning     text COLLATE "C" NOT NULL,
    outcome     text COLLATE "C",
    CONSTRAINT replies_pkey PRIMARY KEY (id),
    CONSTRAINT replies_once_a_day UNIQUE (phone, meaning, day),
    CONSTRAINT replies_meaning_known CHECK (meaning IN ('opt_out', 'opt_in', 'help')),
    CONSTRAINT replies_outcome_known CHECK (outcome IN ('sent', 'barred', 'no_text'))
);
CREATE INDEX replies_waiting_idx ON replies (id) WHERE outcome IS NULL;

ALTER TABLE campaigns DROP CONSTRAINT campaigns_kind_known;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_kind_known CHECK (kind IN ('campaign', 'single', 'test', 'reply'));
