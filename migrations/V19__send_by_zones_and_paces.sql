-- Campaigns are sent by time zones, at the paces of their sender, their account and their own; who is left out is kept.

-- How fast may be claimed: `sender:ID`, `campaign:ID`, `account:PROVIDER`. A claim debits all that it goes by, so that
-- each rate holds over all workers; nothing goes by one before `not_before`, for the provider asked for a pause. An account
-- or a campaign without a row has no rate of its own.
CREATE TABLE paces (
    owner        text COLLATE "C" NOT NULL,
    per_second   double precision NOT NULL,
    next_free_at timestamptz NOT NULL DEFAULT '-infinity',
    not_before   timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT paces_pkey PRIMARY KEY (owner),
    CONSTRAINT paces_per_second_positive CHECK (per_second > 0)
) WITH (fillfactor = 20);
ALTER TABLE paces SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
INSERT INTO paces (owner, per_second, next_free_at)
SELECT 'sender:' || sender_id, per_second, next_free_at FROM sender_paces;
DROP TABLE sender_paces;

-- The messages of a lane stand in a block of their own: seq - 1 divided by 2^26. `gate_seq` is where a canary ends: what is
-- behind it waits until somebody, or the worker, has judged what is before it. `paused_until` is not one of time: a lane
-- is open from `opens_at` to `closes_at`, and is given the next such times when these have passed.
ALTER TABLE lanes
    ADD COLUMN block smallint NOT NULL DEFAULT 0,
    ADD COLUMN gate_seq integer,
    ADD CONSTRAINT lanes_block_key UNIQUE (campaign_id, block);
CREATE INDEX lanes_closes_at_idx ON lanes (closes_at) WHERE running;

-- `left_out` counts whom the freezing left out: not valid, not mobile, opted out, suppressed, capped. `seeds` are among
-- the frozen messages. One worker at a time freezes, until `freezing_until` unless it renews that. `previewed` is what the
-- last preview said, of which version. `canary_since` is when the last message of a canary had gone. `counts_base` is what the fuses count from: a resume begins anew.
ALTER TABLE campaigns
    ADD COLUMN left_out bigint[] NOT NULL DEFAULT '{0,0,0,0,0}',
    ADD COLUMN seeds integer NOT NULL DEFAULT 0,
    ADD COLUMN numbering_plan integer,
    ADD COLUMN freezing_by text COLLATE "C",
    ADD COLUMN freezing_until timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN previewed jsonb,
    ADD COLUMN canary_since timestamptz,
    ADD COLUMN counts_base bigint[] NOT NULL DEFAULT '{0,0,0,0,0,0,0,0,0,0}';
CREATE INDEX campaigns_scheduled_idx ON campaigns (schedule_at) WHERE state = 'scheduled';

-- When a number was last claimed for, the newest first, as many as the frequency cap asks for.
ALTER TABLE contact_activity ADD COLUMN recent_claims timestamptz[];

-- Whom a campaign left out and why, a row for each slice of its freezing: the contacts in the order of their ids, and for
-- each a letter of `reasons`: v not valid, m not mobile, o opted out, s suppressed, c capped.
CREATE TABLE message_exclusions (
    campaign_id uuid NOT NULL,
    up_to       bigint NOT NULL,
    contacts    bigint[] NOT NULL,
    reasons     text COLLATE "C" NOT NULL,
    CONSTRAINT message_exclusions_pkey PRIMARY KEY (campaign_id, up_to)
) PARTITION BY RANGE (campaign_id);

-- Months that have partitions of the other three get one of this.
DO $$
DECLARE
    month_start timestamp;
    partition   text;
BEGIN
    FOR month_start IN
        SELECT to_timestamp(right(relname, 7), 'YYYY_MM') AT TIME ZONE 'UTC'
        FROM pg_class
        WHERE relkind = 'r' AND relname ~ '^messages_\d{4}_\d{2}$'
    LOOP
        month_start := date_trunc('month', month_start + interval '12 hours');
        partition := format('message_exclusions_%s', to_char(month_start, 'YYYY_MM'));
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF message_exclusions FOR VALUES FROM (%L) TO (%L)', partition,
                       uuid_v7_floor(month_start AT TIME ZONE 'UTC'),
                       uuid_v7_floor((month_start + interval '1 month') AT TIME ZONE 'UTC'));
    END LOOP;
END
$$;

CREATE INDEX outbox_campaign_id_idx ON outbox (campaign_id);

-- Messages that a worker had claimed when it died: their outcome is unknown through no fault of the provider's.
ALTER TABLE campaign_counts ADD COLUMN lost bigint NOT NULL DEFAULT 0;
