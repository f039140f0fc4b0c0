-- Work that takes longer than a request may: bringing a file of contacts in, tagging whom a segment means. A worker does it step
-- by step, each step with its checkpoint in one transaction, and another goes on where it was stopped.

CREATE SEQUENCE job_claims;

CREATE TABLE jobs (
    id           uuid NOT NULL,
    kind         text COLLATE "C",
    state        text COLLATE "C" NOT NULL,
    -- What is to be done; NULL while its file comes in.
    task         jsonb,
    checkpoint   bigint NOT NULL DEFAULT 0,
    total        bigint NOT NULL DEFAULT 0,
    imported     bigint NOT NULL DEFAULT 0,
    duplicates   bigint NOT NULL DEFAULT 0,
    rejected     bigint NOT NULL DEFAULT 0,
    matched      bigint NOT NULL DEFAULT 0,
    tags_added   bigint NOT NULL DEFAULT 0,
    tags_removed bigint NOT NULL DEFAULT 0,
    left_out     bigint NOT NULL DEFAULT 0,
    failure      text,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    finished_at  timestamptz,
    -- From when on it is taken away.
    expires_at   timestamptz,
    -- Whose hold of it is good, until when, and how often it was taken without coming further.
    claim        bigint,
    leased_until timestamptz,
    claims       integer NOT NULL DEFAULT 0,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_kind_known CHECK (kind IN ('contact_import', 'contact_tagging')),
    CONSTRAINT jobs_state_known CHECK (state IN ('uploading', 'queued', 'running', 'completed', 'failed', 'canceled')),
    CONSTRAINT jobs_task_there CHECK (state = 'uploading' OR (task IS NOT NULL AND kind IS NOT NULL))
);
-- What waits or is under way: a few, however many have ended.
CREATE INDEX jobs_open_idx ON jobs (id) WHERE state IN ('uploading', 'queued', 'running');
CREATE INDEX jobs_expires_at_idx ON jobs (expires_at) WHERE expires_at IS NOT NULL;

-- A file as it came, in parts; gone when its job has ended.
CREATE TABLE job_parts (
    job_id uuid NOT NULL,
    part   integer NOT NULL,
    bytes  bytea NOT NULL,
    CONSTRAINT job_parts_pkey PRIMARY KEY (job_id, part),
    CONSTRAINT job_parts_job_fk FOREIGN KEY (job_id) REFERENCES jobs ON DELETE CASCADE
);

-- Lines that did not become contacts, with their fields as written.
CREATE TABLE job_refused_lines (
    job_id uuid NOT NULL,
    line   bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    fields text[] NOT NULL,
    CONSTRAINT job_refused_lines_pkey PRIMARY KEY (job_id, line),
    CONSTRAINT job_refused_lines_job_fk FOREIGN KEY (job_id) REFERENCES jobs ON DELETE RESTRICT
);
