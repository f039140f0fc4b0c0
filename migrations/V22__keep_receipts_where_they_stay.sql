-- A receipt of a message that is known is written once, where it stays, and settled from a queue that holds no more than
-- settling needs: an event was written with its payload into the inbox and then again into the receipts. The inbox is for
-- what names no message of ours, or not yet. Payloads are kept letter by letter, as they were signed. Changing their type
-- writes both tables again, while nobody else reads them.

ALTER TABLE provider_events ALTER COLUMN payload TYPE json;
ALTER TABLE message_receipts ALTER COLUMN payload TYPE json;

CREATE TABLE unsettled_receipts (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id uuid NOT NULL,
    phone       bigint NOT NULL,
    seq         integer NOT NULL,
    attempt     smallint NOT NULL,
    opted_out   boolean NOT NULL,
    report      text COLLATE "C" NOT NULL,
    reason      text COLLATE "C",
    CONSTRAINT unsettled_receipts_pkey PRIMARY KEY (id)
);
ALTER TABLE unsettled_receipts SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
