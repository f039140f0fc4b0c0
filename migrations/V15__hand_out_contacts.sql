-- What people do with contacts all day: note what somebody said of being written to, keep segments, and hand numbers out in
-- extracts.

-- Who may be written to, whatever a segment says: the one rule for audiences and extracts. Numbers of unknown line type are among
-- them; whoever asks says whether these are wanted.
CREATE VIEW reachable_contacts AS
SELECT *
FROM contacts
WHERE is_valid AND opt_out_at IS NULL AND status <> 'BLOCKED' AND line_type <> 'fixed'
  AND NOT EXISTS (SELECT FROM suppressions
                  WHERE suppressions.phone_national = contacts.phone_national
                    AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()));

-- What a number said of being written to, and who wrote it down: append-only, keyed by phone, so that it outlives the
-- contact. Whether it may be written to now is the suppression's to say.
CREATE TABLE consent_events (
    id             bigint GENERATED ALWAYS AS IDENTITY,
    phone_national bigint NOT NULL,
    at             timestamptz NOT NULL DEFAULT now(),
    kind           text COLLATE "C" NOT NULL,
    channel        text COLLATE "C" NOT NULL,
    reason         text,
    evidence       text,
    recorded_by    text NOT NULL,
    CONSTRAINT consent_events_pkey PRIMARY KEY (id),
    CONSTRAINT consent_events_kind_known CHECK (kind IN ('opt_out', 'opt_in')),
    CONSTRAINT consent_events_phone_national_ten_digits CHECK (phone_national BETWEEN 2000000000 AND 9999999999)
);
CREATE INDEX consent_events_phone_national_idx ON consent_events (phone_national, id);
CREATE TRIGGER consent_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- A segment's versions stand side by side: a campaign refers to the one it was made from. One of them is current; of a
-- segment that was deleted it says when.
ALTER TABLE segments
    ADD COLUMN is_current boolean NOT NULL DEFAULT true,
    ADD COLUMN deleted_at timestamptz;
CREATE UNIQUE INDEX segments_current_key ON segments (id) WHERE is_current;
CREATE UNIQUE INDEX segments_name_key ON segments (lower(name)) WHERE is_current AND deleted_at IS NULL;

-- The owner's own numbers, put among others to see that messages arrive.
CREATE TABLE seed_numbers (
    phone_national bigint NOT NULL,
    label          text NOT NULL,
    times_used     bigint NOT NULL DEFAULT 0,
    last_used_at   timestamptz,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT seed_numbers_pkey PRIMARY KEY (phone_national),
    CONSTRAINT seed_numbers_phone_national_ten_digits CHECK (phone_national BETWEEN 2000000000 AND 9999999999)
);

-- The history of extracts. The numbers of one are written in the transaction that writes it; its file is made of them
-- whenever it is asked for, so there is no moment at which one is there without the other.
CREATE TABLE extracts (
    id                 uuid NOT NULL,
    segment            jsonb NOT NULL,
    segment_id         uuid,
    segment_version    integer,
    numbers            integer NOT NULL,
    seeds              integer NOT NULL,
    unused_within_days integer NOT NULL,
    picked             text COLLATE "C" NOT NULL,
    format             text COLLATE "C" NOT NULL,
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL,
    expires_at         timestamptz NOT NULL,
    -- When its numbers were taken away.
    emptied_at         timestamptz,
    downloads          integer NOT NULL DEFAULT 0,
    downloaded_at      timestamptz,
    CONSTRAINT extracts_pkey PRIMARY KEY (id),
    CONSTRAINT extracts_segment_fk FOREIGN KEY (segment_id, segment_version) REFERENCES segments ON DELETE RESTRICT,
    CONSTRAINT extracts_picked_known CHECK (picked IN ('random', 'stable')),
    CONSTRAINT extracts_format_known CHECK (format IN ('xlsx', 'csv', 'txt'))
);
CREATE INDEX extracts_created_by_idx ON extracts (created_by, created_at);
CREATE INDEX extracts_expires_at_idx ON extracts (expires_at) WHERE emptied_at IS NULL;

CREATE TABLE extract_numbers (
    extract_id     uuid NOT NULL,
    position       integer NOT NULL,
    phone_national bigint NOT NULL,
    is_seed        boolean NOT NULL,
    place          text COLLATE "C",
    CONSTRAINT extract_numbers_pkey PRIMARY KEY (extract_id, position),
    CONSTRAINT extract_numbers_extract_fk FOREIGN KEY (extract_id) REFERENCES extracts ON DELETE RESTRICT
);

-- When a materialised view was last brought up to date.
CREATE TABLE view_refreshes (
    name         text COLLATE "C" NOT NULL,
    refreshed_at timestamptz NOT NULL,
    CONSTRAINT view_refreshes_pkey PRIMARY KEY (name)
);

-- Brings contacts_by_state up to date while others read it, and notes of which moment it is. A view is refreshed by its owner
-- alone, so the applications ask its owner for it.
CREATE FUNCTION refresh_contacts_by_state() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    began timestamptz := clock_timestamp();
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY contacts_by_state;
    INSERT INTO view_refreshes (name, refreshed_at)
    VALUES ('contacts_by_state', began)
    ON CONFLICT (name) DO UPDATE SET refreshed_at = greatest(view_refreshes.refreshed_at, excluded.refreshed_at);
END
$$;

-- The planner knows the hundred most frequent values of a column; area codes and cities are more.
ALTER TABLE contacts ALTER COLUMN lada SET STATISTICS 500;
ALTER TABLE contacts ALTER COLUMN city SET STATISTICS 500;
ALTER TABLE contacts ALTER COLUMN municipality SET STATISTICS 500;
-- A fifth of 36 million rows is too late to look again; and activity is updated by every message.
ALTER TABLE contacts SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
                          autovacuum_analyze_scale_factor = 0.01);
ALTER TABLE contact_activity SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE contact_count_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
