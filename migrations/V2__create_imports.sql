-- Imports, and what became of every source row that is not a contact.
--
-- The counts of an import and its checkpoint (`last_source_row_id`) change in the transaction that stores the rows
-- they count, so after any crash the three agree. That every row read ended somewhere is a constraint.

CREATE TABLE imports (
    id                  uuid NOT NULL,
    state               text COLLATE "C" NOT NULL,
    source_file         text NOT NULL,
    source_bytes        bigint NOT NULL,
    source_fingerprint  text COLLATE "C" NOT NULL,
    source_rows         bigint NOT NULL,
    source_last_row_id  bigint NOT NULL,
    last_source_row_id  bigint NOT NULL DEFAULT 0,
    rows_read           bigint NOT NULL DEFAULT 0,
    valid_rows_read     bigint NOT NULL DEFAULT 0,
    valid_rows_kept     bigint NOT NULL DEFAULT 0,
    imported            bigint NOT NULL DEFAULT 0,
    imported_valid      bigint NOT NULL DEFAULT 0,
    duplicates          bigint NOT NULL DEFAULT 0,
    duplicates_existing bigint NOT NULL DEFAULT 0,
    rejected            bigint NOT NULL DEFAULT 0,
    states_unmapped     bigint NOT NULL DEFAULT 0,
    ladas_disagreeing   bigint NOT NULL DEFAULT 0,
    texts_invalid_utf8  bigint NOT NULL DEFAULT 0,
    texts_shortened     bigint NOT NULL DEFAULT 0,
    dates_unreadable    bigint NOT NULL DEFAULT 0,
    started_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    finished_at         timestamptz,
    CONSTRAINT imports_pkey PRIMARY KEY (id),
    -- loading: rows come in, or did until the program ended; stopped: ended at a limit, whole so far; completed.
    CONSTRAINT imports_state_known CHECK (state IN ('loading', 'stopped', 'completed')),
    CONSTRAINT imports_every_row_accounted_for CHECK (rows_read = imported + duplicates + rejected),
    CONSTRAINT imports_parts_within_wholes CHECK
        (imported_valid <= imported AND duplicates_existing <= duplicates AND valid_rows_kept <= valid_rows_read
         AND valid_rows_read <= rows_read)
);
CREATE INDEX imports_source_fingerprint_idx ON imports (source_fingerprint);
-- One import at a time is under way.
CREATE UNIQUE INDEX imports_one_loading_key ON imports ((true)) WHERE state = 'loading';

-- The whole source row of what was not imported, and why not.
CREATE TABLE import_rejects (
    import_id     uuid NOT NULL,
    source_row_id bigint NOT NULL,
    outcome       text COLLATE "C" NOT NULL,
    reason        text COLLATE "C" NOT NULL,
    source_row    jsonb NOT NULL,
    CONSTRAINT import_rejects_pkey PRIMARY KEY (import_id, source_row_id),
    CONSTRAINT import_rejects_import_fk FOREIGN KEY (import_id) REFERENCES imports ON DELETE RESTRICT,
    CONSTRAINT import_rejects_outcome_known CHECK (outcome IN ('rejected', 'duplicate')),
    CONSTRAINT import_rejects_reason_known CHECK (
        CASE outcome
            WHEN 'duplicate' THEN reason IN ('duplicate', 'duplicate_existing')
            ELSE reason IN ('empty', 'not_a_number', 'too_short', 'too_long', 'bad_first_digit', 'foreign',
                            'special_service', 'placeholder')
        END)
);

-- The source's own account of how it was made.
CREATE TABLE import_statistics (
    import_id        uuid NOT NULL,
    source_id        bigint NOT NULL,
    total_processed  bigint,
    total_valid      bigint,
    total_duplicates bigint,
    total_with_city  bigint,
    ladas_found      bigint,
    ladas_missing    bigint,
    took_seconds     double precision,
    source_file      text,
    migrated_at      text,
    CONSTRAINT import_statistics_pkey PRIMARY KEY (import_id, source_id),
    CONSTRAINT import_statistics_import_fk FOREIGN KEY (import_id) REFERENCES imports ON DELETE RESTRICT
);

-- Prefixes that the source's list of area codes did not have.
CREATE TABLE missing_ladas (
    import_id   uuid NOT NULL,
    lada        text COLLATE "C" NOT NULL,
    rows        bigint,
    examples    text,
    detected_at text,
    CONSTRAINT missing_ladas_pkey PRIMARY KEY (import_id, lada),
    CONSTRAINT missing_ladas_import_fk FOREIGN KEY (import_id) REFERENCES imports ON DELETE RESTRICT
);

-- The definitions of the indexes of `contacts` that were taken down while an empty table is loaded. Whatever stands
-- here is not in force and must be built; while it does, only the import that took them down may add contacts, for
-- nothing else would notice a number twice.
CREATE TABLE deferred_indexes (
    name       text COLLATE "C" NOT NULL,
    definition text NOT NULL,
    CONSTRAINT deferred_indexes_pkey PRIMARY KEY (name)
);

CREATE FUNCTION refuse_contacts_while_loading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pregon.loading', true) IS DISTINCT FROM 'on' AND EXISTS (SELECT FROM deferred_indexes) THEN
        RAISE EXCEPTION 'contacts are being loaded; new ones are taken again when the import has ended'
            USING ERRCODE = 'object_in_use';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_closed_while_loading BEFORE INSERT OR UPDATE OF phone_national ON contacts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_contacts_while_loading();
