-- Campaigns, their lanes and pace, and the outbox to the broker.
--
-- `lanes`, `sender_paces`, `claims` and `campaign_counts` are tiny and hot: fillfactor 20 leaves room on the page for
-- the next version of a row, so an update touches no index. Money is integer micros with a currency.

CREATE TABLE senders (
    id                       uuid NOT NULL,
    name                     text NOT NULL,
    provider                 text COLLATE "C" NOT NULL,
    kind                     text COLLATE "C" NOT NULL,
    value                    text COLLATE "C" NOT NULL,
    price_micros_per_segment bigint NOT NULL,
    currency                 text COLLATE "C" NOT NULL DEFAULT 'MXN',
    identity                 jsonb NOT NULL,
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT senders_pkey PRIMARY KEY (id),
    CONSTRAINT senders_name_key UNIQUE (name),
    CONSTRAINT senders_kind_known CHECK (kind IN ('long_code', 'short_code', 'alphanumeric', 'profile')),
    CONSTRAINT senders_price_not_negative CHECK (price_micros_per_segment >= 0)
);

-- How fast a sender may send, debited by every claim, so that the rate holds over all workers.
CREATE TABLE sender_paces (
    sender_id    uuid NOT NULL,
    per_second   double precision NOT NULL,
    next_free_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT sender_paces_pkey PRIMARY KEY (sender_id),
    CONSTRAINT sender_paces_sender_fk FOREIGN KEY (sender_id) REFERENCES senders ON DELETE RESTRICT,
    CONSTRAINT sender_paces_per_second_positive CHECK (per_second > 0)
) WITH (fillfactor = 20);

CREATE TABLE segments (
    id         uuid NOT NULL,
    version    integer NOT NULL,
    name       text NOT NULL,
    definition jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT segments_pkey PRIMARY KEY (id, version)
);

-- What was decided about a campaign. A launched campaign keeps the definition, template and price it was frozen from.
CREATE TABLE campaigns (
    id               uuid NOT NULL,
    kind             text COLLATE "C" NOT NULL DEFAULT 'campaign',
    state            text COLLATE "C" NOT NULL DEFAULT 'draft',
    state_reason     text,
    version          integer NOT NULL DEFAULT 1,
    name             text NOT NULL,
    priority         text COLLATE "C" NOT NULL DEFAULT 'normal',
    sender_id        uuid NOT NULL,
    template         text NOT NULL,
    transliterate    boolean NOT NULL DEFAULT false,
    segment          jsonb NOT NULL,
    segment_id       uuid,
    segment_version  integer,
    settings         jsonb NOT NULL DEFAULT '{}',
    audience         integer,
    frozen_contact_id bigint NOT NULL DEFAULT 0,
    price_micros_per_segment bigint,
    currency         text COLLATE "C" NOT NULL DEFAULT 'MXN',
    cost_micros      bigint,
    created_by       text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    schedule_at      timestamptz,
    launched_at      timestamptz,
    finished_at      timestamptz,
    CONSTRAINT campaigns_pkey PRIMARY KEY (id),
    CONSTRAINT campaigns_sender_fk FOREIGN KEY (sender_id) REFERENCES senders ON DELETE RESTRICT,
    CONSTRAINT campaigns_segment_fk FOREIGN KEY (segment_id, segment_version) REFERENCES segments ON DELETE RESTRICT,
    CONSTRAINT campaigns_kind_known CHECK (kind IN ('campaign', 'single', 'test')),
    CONSTRAINT campaigns_priority_known CHECK (priority IN ('high', 'normal', 'bulk')),
    CONSTRAINT campaigns_state_known CHECK (state IN
        ('draft', 'scheduled', 'preparing', 'running', 'paused', 'completed', 'canceled', 'failed'))
);
CREATE INDEX campaigns_live_idx ON campaigns (state) WHERE state NOT IN ('draft', 'completed', 'canceled', 'failed');

-- The messages of one campaign in one time zone, in seq order, with the cursor of what was claimed.
CREATE TABLE lanes (
    campaign_id uuid NOT NULL,
    zone        text COLLATE "C" NOT NULL,
    running     boolean NOT NULL,
    next_seq    integer NOT NULL,
    end_seq     integer NOT NULL,
    opens_at    timestamptz NOT NULL DEFAULT '-infinity',
    closes_at   timestamptz NOT NULL DEFAULT 'infinity',
    CONSTRAINT lanes_pkey PRIMARY KEY (campaign_id, zone),
    CONSTRAINT lanes_campaign_fk FOREIGN KEY (campaign_id) REFERENCES campaigns ON DELETE RESTRICT,
    CONSTRAINT lanes_cursor_within CHECK (next_seq <= end_seq)
) WITH (fillfactor = 20);

-- A worker's lease on some messages. Its row is the proof that an attempt may have begun.
CREATE TABLE claims (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id uuid NOT NULL,
    seqs        int4range NOT NULL,
    worker      text COLLATE "C" NOT NULL,
    lease_until timestamptz NOT NULL,
    CONSTRAINT claims_pkey PRIMARY KEY (id)
) WITH (fillfactor = 20);
CREATE INDEX claims_lease_until_idx ON claims (lease_until);

-- Messages by state, one shard a worker, so that two never wait for each other; their sum is the campaign's progress.
CREATE TABLE campaign_counts (
    campaign_id uuid NOT NULL,
    shard       smallint NOT NULL,
    n           bigint[] NOT NULL,
    CONSTRAINT campaign_counts_pkey PRIMARY KEY (campaign_id, shard),
    CONSTRAINT campaign_counts_campaign_fk FOREIGN KEY (campaign_id) REFERENCES campaigns ON DELETE RESTRICT
) WITH (fillfactor = 20);

-- Permits to publish: committed with what made them due, published with confirms, then deleted.
CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id uuid NOT NULL,
    priority    text COLLATE "C" NOT NULL,
    not_before  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (fillfactor = 20);
CREATE INDEX outbox_not_before_idx ON outbox (not_before);
