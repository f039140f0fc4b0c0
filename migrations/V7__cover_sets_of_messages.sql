-- A claim and a due entry cover a set of messages of one campaign, a few hundred at most: one row for all that was
-- recorded together, instead of one for each message. The inbox of the providers keeps what it read of an event beside
-- its payload, and a campaign what its freezing has reached.

ALTER TABLE claims ALTER COLUMN seqs TYPE int4multirange USING int4multirange(seqs);

ALTER TABLE due ADD COLUMN seqs int4multirange NOT NULL DEFAULT '{}';
CREATE INDEX due_retry_idx ON due (campaign_id, not_before) WHERE kind = 'retry';

ALTER TABLE provider_events
    ADD COLUMN campaign_id uuid,
    ADD COLUMN phone bigint,
    ADD COLUMN occurred_at timestamptz,
    ADD COLUMN seq integer,
    ADD COLUMN attempt smallint,
    ADD COLUMN opted_out boolean NOT NULL DEFAULT false,
    ADD COLUMN report text COLLATE "C",
    ADD COLUMN reason text COLLATE "C",
    ADD COLUMN provider_id text COLLATE "C";

-- `frozen_messages` were written of the contacts up to `frozen_contact_id`. Where a campaign takes a part of its
-- audience, it takes those whose draw is at most `draw_max`. Permits were last published at `permitted_at`.
ALTER TABLE campaigns
    ADD COLUMN frozen_messages integer NOT NULL DEFAULT 0,
    ADD COLUMN draw_max bigint,
    ADD COLUMN permitted_at timestamptz NOT NULL DEFAULT '-infinity';

-- The segments of the messages that went out: what a campaign has cost so far.
ALTER TABLE campaign_counts ADD COLUMN segments_sent bigint NOT NULL DEFAULT 0;

-- What people call contacts by: a segment may ask for it.
CREATE TABLE contact_tags (
    contact_id bigint NOT NULL,
    tag        text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT contact_tags_pkey PRIMARY KEY (contact_id, tag)
);
CREATE INDEX contact_tags_tag_idx ON contact_tags (tag, contact_id);

-- Queues in tables: rows come and go, and what is gone must not be read over again.
ALTER TABLE provider_events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE claims SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
