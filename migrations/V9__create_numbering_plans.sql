-- The regulator's numbering plans, each a version. One is in force; the others are history.
CREATE TABLE numbering_plans (
    version         integer GENERATED ALWAYS AS IDENTITY,
    ranges          integer NOT NULL,
    malformed_lines bigint NOT NULL,
    loaded_at       timestamptz NOT NULL DEFAULT now(),
    -- When every contact was last classed by it.
    reclassified_at timestamptz,
    -- Its latest assignment: how recent the file is.
    latest          date,
    is_in_force     boolean NOT NULL,
    format          text COLLATE "C" NOT NULL,
    file_sha256     text COLLATE "C" NOT NULL,
    file_name       text NOT NULL,
    CONSTRAINT numbering_plans_pkey PRIMARY KEY (version),
    CONSTRAINT numbering_plans_format_known CHECK (format IN ('whole', 'in_parts'))
);
CREATE UNIQUE INDEX numbering_plans_in_force_key ON numbering_plans ((true)) WHERE is_in_force;

-- Disjoint: where the file's ranges overlap, the later assignment has won.
CREATE TABLE numbering_ranges (
    first_number bigint NOT NULL,
    last_number  bigint NOT NULL,
    version      integer NOT NULL,
    line_type    text COLLATE "C" NOT NULL,
    carrier      text COLLATE "C" NOT NULL,
    CONSTRAINT numbering_ranges_pkey PRIMARY KEY (version, first_number),
    CONSTRAINT numbering_ranges_version_fk FOREIGN KEY (version) REFERENCES numbering_plans ON DELETE RESTRICT,
    CONSTRAINT numbering_ranges_line_type_known CHECK (line_type IN ('mobile', 'fixed')),
    CONSTRAINT numbering_ranges_in_order CHECK (first_number <= last_number)
);
