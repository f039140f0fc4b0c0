-- Messages, attempts and receipts: a billion rows, dropped by the month.
--
-- A message is one number in one campaign; its public id is its campaign and seq, so no id index is kept. Campaign ids
-- are version 7 UUIDs, which is time: the three tables are partitioned by ranges of them, a month each, and the
-- partitions of a month go together. No index and no partial predicate mentions the state, and half of each page stays
-- free, so that nearly every update is heap-only and indexes do not grow (docs/decisions/001).

CREATE TYPE message_state AS ENUM
    ('queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'uncertain', 'expired', 'canceled', 'skipped');

CREATE TABLE messages (
    campaign_id uuid NOT NULL,
    phone       bigint NOT NULL,
    contact_id  bigint,
    claim_id    bigint,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    seq         integer NOT NULL,
    state       message_state NOT NULL DEFAULT 'queued',
    attempt     smallint NOT NULL DEFAULT 0,
    segments    smallint NOT NULL,
    reason      text COLLATE "C",
    body        text NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (campaign_id, seq),
    CONSTRAINT messages_phone_key UNIQUE (campaign_id, phone),
    CONSTRAINT messages_phone_ten_digits CHECK (phone BETWEEN 2000000000 AND 9999999999)
) PARTITION BY RANGE (campaign_id);

-- One call to the provider for one message, written when its outcome is known or the sweep gives it up.
CREATE TABLE message_attempts (
    campaign_id uuid NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz NOT NULL DEFAULT now(),
    seq         integer NOT NULL,
    attempt     smallint NOT NULL,
    outcome     text COLLATE "C" NOT NULL,
    provider_id text COLLATE "C",
    reason      text COLLATE "C",
    CONSTRAINT message_attempts_pkey PRIMARY KEY (campaign_id, seq, attempt)
) PARTITION BY RANGE (campaign_id);

-- What the provider said of a message, raw and append-only; `event_id` is the provider's, and repeats are kept once.
CREATE TABLE message_receipts (
    campaign_id uuid NOT NULL,
    occurred_at timestamptz,
    received_at timestamptz NOT NULL DEFAULT now(),
    seq         integer NOT NULL,
    attempt     smallint NOT NULL,
    status      text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    provider_id text COLLATE "C",
    payload     jsonb NOT NULL,
    CONSTRAINT message_receipts_pkey PRIMARY KEY (campaign_id, seq, event_id)
) PARTITION BY RANGE (campaign_id);

-- The few messages that must be looked at again at a time: a retry, a receipt's deadline, an uncertain outcome.
CREATE TABLE due (
    campaign_id uuid NOT NULL,
    not_before  timestamptz NOT NULL,
    seq         integer NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    CONSTRAINT due_pkey PRIMARY KEY (campaign_id, seq, kind),
    CONSTRAINT due_kind_known CHECK (kind IN ('retry', 'receipt', 'uncertain'))
);
CREATE INDEX due_not_before_idx ON due (not_before);

-- The inbox of what providers post to us, as it came: verified, stored, answered; settled later. Settling moves a
-- receipt into message_receipts; what matches no message stays, with the reason.
CREATE TABLE provider_events (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    received_at timestamptz NOT NULL DEFAULT now(),
    examined_at timestamptz,
    provider    text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    reference   text COLLATE "C",
    outcome     text COLLATE "C",
    payload     jsonb NOT NULL,
    CONSTRAINT provider_events_pkey PRIMARY KEY (id),
    CONSTRAINT provider_events_event_key UNIQUE (provider, event_id)
);
CREATE INDEX provider_events_waiting_idx ON provider_events (id) WHERE examined_at IS NULL;

-- The least version 7 UUID of an instant.
CREATE FUNCTION uuid_v7_floor(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the partitions of this month and of the next ones where they are missing, and says how many it made. Each is
-- made beside its table and then attached, which lets readers and writers of the others go on.
CREATE FUNCTION ensure_message_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent      text;
    partition   text;
    fill        integer;
    month_start timestamp;
    made        integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_message_partitions'));
    FOR ahead IN 0..months_ahead LOOP
        month_start := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead);
        FOREACH parent IN ARRAY ARRAY['messages', 'message_attempts', 'message_receipts'] LOOP
            partition := format('%s_%s', parent, to_char(month_start, 'YYYY_MM'));
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            fill := CASE parent WHEN 'messages' THEN 50 ELSE 100 END;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = %s)',
                           partition, parent, fill);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition,
                           uuid_v7_floor(month_start AT TIME ZONE 'UTC'),
                           uuid_v7_floor((month_start + interval '1 month') AT TIME ZONE 'UTC'));
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

SELECT ensure_message_partitions(3);
