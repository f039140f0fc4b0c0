-- Lists of numbers that are never written to, and when each was loaded; partitions that come and go with their month.

-- Each list that was loaded: how old the register is that a campaign goes by.
CREATE TABLE suppression_loads (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    source        text COLLATE "C" NOT NULL,
    file_name     text,
    listed_on     date,
    expires_at    timestamptz,
    loaded_at     timestamptz NOT NULL DEFAULT now(),
    loaded_by     text NOT NULL,
    added         bigint NOT NULL DEFAULT 0,
    already_there bigint NOT NULL DEFAULT 0,
    refused       bigint NOT NULL DEFAULT 0,
    CONSTRAINT suppression_loads_pkey PRIMARY KEY (id),
    CONSTRAINT suppression_loads_source_known CHECK (source IN ('manual', 'repep', 'reus'))
);
CREATE INDEX suppression_loads_source_idx ON suppression_loads (source, loaded_at);

-- The order of a list that is paged through: a cursor is seen by those who may not see numbers.
ALTER TABLE suppressions ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX suppressions_place_key ON suppressions (place);
CREATE INDEX suppressions_source_idx ON suppressions (source, place);

-- Partitions are made and dropped by their owner alone, so the applications ask their owner for it. The names of the four
-- tables whose partitions go together.
CREATE FUNCTION message_tables() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['messages', 'message_attempts', 'message_receipts', 'message_exclusions']
$$;

-- Makes the partitions of the month of an instant, of the next ones, and of those in which a campaign was made that has not ended,
-- where they are missing, and says how many it made. Each is made beside its table and then attached, which lets readers and writers of the others go on.
DROP FUNCTION ensure_message_partitions(integer);
CREATE FUNCTION ensure_message_partitions(months_ahead integer, instant timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    parent      text;
    partition   text;
    fill        integer;
    month_start timestamp;
    made        integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_message_partitions'));
    FOR month_start IN
        SELECT date_trunc('month', instant AT TIME ZONE 'UTC') + make_interval(months => ahead)
        FROM generate_series(0, months_ahead) AS ahead
        UNION
        -- The first 48 bits of a version 7 UUID are its time.
        SELECT date_trunc('month', to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
                                   AT TIME ZONE 'UTC')
        FROM campaigns
        WHERE state NOT IN ('completed', 'canceled', 'failed')
    LOOP
        FOREACH parent IN ARRAY message_tables() LOOP
            partition := format('%s_%s', parent, to_char(month_start, 'YYYY_MM'));
            CONTINUE WHEN to_regclass('public.' || partition) IS NOT NULL;
            fill := CASE parent WHEN 'messages' THEN 50 ELSE 100 END;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = %s)',
                           partition, parent, fill);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, partition,
                           uuid_v7_floor(month_start AT TIME ZONE 'UTC'),
                           uuid_v7_floor((month_start + interval '1 month') AT TIME ZONE 'UTC'));
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the oldest month whose last day is more than so many months before an instant, the partitions of all four tables
-- together, and says which it was; NULL when there is none. A month stays while a campaign of it may still send or ended not so long ago, a
-- claim holds messages of it, or something of it is due. A table is locked for a moment: where others keep it for longer than
-- two seconds this gives up, and is asked again. The present month is never dropped.
CREATE FUNCTION drop_message_partitions(keep_months integer, instant timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    month       text;
    month_start timestamp;
    first_id    uuid;
    end_id      uuid;
    parent      text;
BEGIN
    IF keep_months < 1 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_message_partitions'));
    FOR month IN
        SELECT right(pg_class.relname, 7)
        FROM pg_inherits
        JOIN pg_class ON pg_class.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = 'public.messages'::regclass AND pg_class.relname ~ '^messages_\d{4}_\d{2}$'
          AND to_date(right(pg_class.relname, 7), 'YYYY_MM')
              < date_trunc('month', instant AT TIME ZONE 'UTC') - make_interval(months => keep_months)
        ORDER BY pg_class.relname
    LOOP
        month_start := to_date(month, 'YYYY_MM');
        first_id := uuid_v7_floor(month_start AT TIME ZONE 'UTC');
        end_id := uuid_v7_floor((month_start + interval '1 month') AT TIME ZONE 'UTC');
        CONTINUE WHEN EXISTS (SELECT FROM campaigns
                              WHERE id >= first_id AND id < end_id
                                AND (state NOT IN ('completed', 'canceled', 'failed')
                                     OR finished_at > instant - make_interval(months => keep_months)))
                   OR EXISTS (SELECT FROM claims WHERE campaign_id >= first_id AND campaign_id < end_id)
                   OR EXISTS (SELECT FROM due WHERE campaign_id >= first_id AND campaign_id < end_id);
        FOREACH parent IN ARRAY message_tables() LOOP
            EXECUTE format('DROP TABLE IF EXISTS public.%I', parent || '_' || month);
        END LOOP;
        RETURN month;
    END LOOP;
    RETURN NULL;
END
$$;

-- What no receipt came of: an event of a message or an attempt that is not known is looked at again at `again_at`, with
-- longer and longer waits.
ALTER TABLE provider_events
    ADD COLUMN looks smallint NOT NULL DEFAULT 0,
    ADD COLUMN again_at timestamptz;
CREATE INDEX provider_events_again_idx ON provider_events (again_at) WHERE again_at IS NOT NULL;
CREATE INDEX provider_events_examined_idx ON provider_events (examined_at) WHERE examined_at IS NOT NULL;

-- What one worker does for all: it takes its turn by moving the time, and no lock outlives it.
CREATE TABLE turns (
    name     text COLLATE "C" NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT turns_pkey PRIMARY KEY (name)
);
INSERT INTO turns (name) VALUES ('recount'), ('partitions');

-- Which line of history of a server's, and which database: a replica that was promoted goes on in another line, a backup that
-- was restored in another database.
CREATE FUNCTION database_line(OUT timeline_id integer, OUT database_oid oid) LANGUAGE sql STABLE AS $$
    SELECT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer,
           (SELECT oid FROM pg_database WHERE datname = current_database())
$$;

-- Which server and which database this was when it was last looked at. After a restore from a backup it is another, and
-- nobody knows what was sent since the backup.
CREATE TABLE database_identity (
    is_only           boolean NOT NULL DEFAULT true,
    system_identifier bigint NOT NULL,
    timeline_id       integer NOT NULL,
    database_oid      oid NOT NULL,
    noted_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT database_identity_pkey PRIMARY KEY (is_only),
    CONSTRAINT database_identity_one_row CHECK (is_only)
);

-- Whether the database is not the one it was when it was last looked at; whoever never looked knows of no other.
CREATE FUNCTION is_another_database() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM database_identity AS known, database_line() AS line
                   WHERE (known.timeline_id, known.database_oid) <> (line.timeline_id, line.database_oid))
$$;

-- How old a lease is.
ALTER TABLE claims ADD COLUMN claimed_at timestamptz NOT NULL DEFAULT now();

-- Workers as they tell of themselves. `sent` counts what the provider took since the worker started, `sent_per_s` since it
-- told before.
CREATE TABLE workers (
    name        text COLLATE "C" NOT NULL,
    host        text NOT NULL,
    version     text COLLATE "C" NOT NULL,
    started_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    in_flight   integer NOT NULL DEFAULT 0,
    claims      integer NOT NULL DEFAULT 0,
    sent        bigint NOT NULL DEFAULT 0,
    sent_per_s  double precision NOT NULL DEFAULT 0,
    is_draining boolean NOT NULL DEFAULT false,
    CONSTRAINT workers_pkey PRIMARY KEY (name)
) WITH (fillfactor = 50);
