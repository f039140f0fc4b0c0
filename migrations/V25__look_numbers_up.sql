-- What a provider said of the lines behind numbers. It costs money, so it is kept, and calls are counted by the day and held to
-- their pace in one row, over all programs and across their crashes.

-- Keyed by phone: it outlives any contact, and is there before one. What was looked up outranks what the numbering plan says of
-- a range, and what was looked up later outranks what was looked up before.
CREATE TABLE number_lookups (
    phone_national bigint NOT NULL,
    looked_up_at   timestamptz NOT NULL,
    cost_micros    bigint NOT NULL,
    is_ported      boolean,
    line_type      text COLLATE "C" NOT NULL,
    carrier        text COLLATE "C",
    provider       text COLLATE "C" NOT NULL,
    CONSTRAINT number_lookups_pkey PRIMARY KEY (phone_national),
    CONSTRAINT number_lookups_phone_national_ten_digits CHECK (phone_national BETWEEN 2000000000 AND 9999999999),
    CONSTRAINT number_lookups_line_type_known CHECK (line_type IN ('mobile', 'fixed', 'unknown'))
);

-- Calls are set aside here before they are made. `calls` are those of `day`; the pace goes on at `next_free_at`, and nobody
-- calls before `not_before`, for the provider asked for a pause.
CREATE TABLE lookup_budgets (
    provider     text COLLATE "C" NOT NULL,
    day          date NOT NULL DEFAULT '-infinity',
    calls        bigint NOT NULL DEFAULT 0,
    next_free_at timestamptz NOT NULL DEFAULT '-infinity',
    not_before   timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT lookup_budgets_pkey PRIMARY KEY (provider),
    CONSTRAINT lookup_budgets_calls_positive CHECK (calls >= 0)
) WITH (fillfactor = 20);
INSERT INTO lookup_budgets (provider) VALUES ('telnyx');

ALTER TABLE jobs
    ADD COLUMN lookups_asked   bigint NOT NULL DEFAULT 0,
    ADD COLUMN lookups_cached  bigint NOT NULL DEFAULT 0,
    ADD COLUMN lookups_mobile  bigint NOT NULL DEFAULT 0,
    ADD COLUMN lookups_fixed   bigint NOT NULL DEFAULT 0,
    ADD COLUMN lookups_unknown bigint NOT NULL DEFAULT 0,
    ADD COLUMN lookups_failed  bigint NOT NULL DEFAULT 0,
    ADD COLUMN lookups_cost    bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT jobs_kind_known,
    ADD CONSTRAINT jobs_kind_known CHECK (kind IN ('contact_import', 'contact_tagging', 'number_lookup'));
