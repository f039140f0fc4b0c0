-- What providers have on record: of which attempts they were asked, and what they billed for each campaign that ended.

INSERT INTO turns (name) VALUES ('records');

-- Attempts with an unknown outcome, and when their provider is asked of them again.
CREATE TABLE record_questions (
    campaign_id uuid NOT NULL,
    again_at    timestamptz NOT NULL,
    seq         integer NOT NULL,
    attempt     smallint NOT NULL,
    questions   smallint NOT NULL DEFAULT 1,
    CONSTRAINT record_questions_pkey PRIMARY KEY (campaign_id, seq, attempt)
);
CREATE INDEX record_questions_again_at_idx ON record_questions (again_at);

-- The bill of a campaign, as far as its messages were looked at: up to `billed_to`, in the order of their places.
-- `differing` counts messages by how they differ from what was billed for them, `costs` is millionths by the currency.
CREATE TABLE campaign_bills (
    campaign_id     uuid NOT NULL,
    looked_at       timestamptz NOT NULL DEFAULT now(),
    sent            bigint NOT NULL,
    sent_segments   bigint NOT NULL,
    billed          bigint NOT NULL,
    billed_segments bigint NOT NULL,
    billed_to       integer NOT NULL,
    is_whole        boolean NOT NULL,
    differing       bigint[] NOT NULL,
    costs           jsonb NOT NULL,
    CONSTRAINT campaign_bills_pkey PRIMARY KEY (campaign_id)
);

-- Some of the messages that differ, for people to look at.
CREATE TABLE bill_differences (
    campaign_id     uuid NOT NULL,
    seq             integer NOT NULL,
    segments        smallint NOT NULL,
    billed_segments integer NOT NULL,
    difference      text COLLATE "C" NOT NULL,
    CONSTRAINT bill_differences_pkey PRIMARY KEY (campaign_id, seq),
    CONSTRAINT bill_differences_known CHECK
        (difference IN ('more_segments', 'fewer_segments', 'not_billed', 'billed_unsent', 'billed_twice'))
);

-- The campaigns whose bill is not whole: a few, however many have ended.
ALTER TABLE campaigns ADD COLUMN is_billed boolean NOT NULL DEFAULT false;
CREATE INDEX campaigns_unbilled_idx ON campaigns (finished_at)
    WHERE kind = 'campaign' AND finished_at IS NOT NULL AND NOT is_billed;
