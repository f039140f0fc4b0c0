-- Whether contacts are closed is asked of the catalogue, too: a transaction that took its snapshot before the load began
-- sees an empty list of deferred indexes, and still must not write while no unique index would notice a number twice.
CREATE OR REPLACE FUNCTION refuse_contacts_while_loading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pregon.loading', true) IS DISTINCT FROM 'on'
       AND (to_regclass('contacts_phone_national_key') IS NULL OR EXISTS (SELECT FROM deferred_indexes)) THEN
        RAISE EXCEPTION 'contacts are being loaded; new ones are taken again when the import has ended'
            USING ERRCODE = 'object_in_use';
    END IF;
    RETURN NULL;
END
$$;

-- rolling_back: what it brought is being taken away, or was until the program ended; rolled_back: all of it is gone.
ALTER TABLE imports DROP CONSTRAINT imports_state_known;
ALTER TABLE imports ADD CONSTRAINT imports_state_known
    CHECK (state IN ('loading', 'stopped', 'completed', 'rolling_back', 'rolled_back'));
-- One import at a time is under way, in either direction.
DROP INDEX imports_one_loading_key;
CREATE UNIQUE INDEX imports_one_loading_key ON imports ((true)) WHERE state IN ('loading', 'rolling_back');
-- Ids of the source may be zero or negative; nothing was read while the checkpoint is the least of all.
ALTER TABLE imports ALTER COLUMN last_source_row_id SET DEFAULT -9223372036854775808;
