-- The audit log as a chain: each line's hash is over the hash before it, so that a line that was changed, taken out, put in or
-- moved is found (docs/decisions/019). `migrator audit verify` walks it.

-- A line in the form that is hashed: nine fields, each as its length in bytes, a colon and its text, `-` where it is NULL; `at` is in
-- microseconds since 1970 (UTC), so no setting of a session changes it. `migrator audit verify` reckons it by itself.
CREATE FUNCTION audit_line_text(line audit_log) RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT string_agg(coalesce(octet_length(field.value) || ':' || field.value, '-'), '' ORDER BY field.place)
    FROM unnest(ARRAY[line.id::text, (extract(epoch FROM line.at) * 1000000)::bigint::text, line.actor, line.action,
                      line.object_kind, line.object_id, line.request_id, line.remote_addr::text, line.details::text])
         WITH ORDINALITY AS field (value, place)
$$;

-- The hash of a line behind the one whose hash is `previous`; the first stands behind 32 bytes of zero.
CREATE FUNCTION audit_line_hash(previous bytea, line audit_log) RETURNS bytea LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT sha256(previous || convert_to(audit_line_text(line), 'UTF8'))
$$;

-- The links, in the order in which their lines were committed: `place` counts from 1 without a gap, whatever ids were given out and
-- never used. Append-only like the log.
CREATE TABLE audit_chain (
    place   bigint NOT NULL,
    line_id bigint NOT NULL,
    hash    bytea NOT NULL,
    CONSTRAINT audit_chain_pkey PRIMARY KEY (place),
    CONSTRAINT audit_chain_line_key UNIQUE (line_id),
    CONSTRAINT audit_chain_hash_key UNIQUE (hash),
    CONSTRAINT audit_chain_hash_whole CHECK (octet_length(hash) = 32)
);
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- Where the chain ends: what is cut off at the end is missed. Whoever adds a link holds its row until the commit. The page is kept
-- empty but for it, so that the versions of the row stay there.
CREATE TABLE audit_head (
    is_only boolean NOT NULL DEFAULT true,
    place   bigint NOT NULL,
    hash    bytea NOT NULL,
    CONSTRAINT audit_head_pkey PRIMARY KEY (is_only),
    CONSTRAINT audit_head_one_row CHECK (is_only)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- The lines of before, by their ids. Nobody writes meanwhile.
LOCK TABLE audit_log IN SHARE ROW EXCLUSIVE MODE;
DO $$
DECLARE
    line     audit_log;
    at_place bigint := 0;
    at_hash  bytea := decode(repeat('00', 32), 'hex');
BEGIN
    FOR line IN SELECT * FROM audit_log ORDER BY id LOOP
        at_place := at_place + 1;
        at_hash := audit_line_hash(at_hash, line);
        INSERT INTO audit_chain (place, line_id, hash) VALUES (at_place, line.id, at_hash);
    END LOOP;
    INSERT INTO audit_head (place, hash) VALUES (at_place, at_hash);
END
$$;

-- Adds a line to the chain, as the owner, for nobody else may write it. It runs at the end of the line's transaction, when that holds
-- every other lock that it will: transactions wait for each other here alone, one after the other, and none in a ring.
CREATE FUNCTION chain_audit_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    link audit_head;
BEGIN
    SELECT * INTO STRICT link FROM audit_head FOR UPDATE;
    link.place := link.place + 1;
    link.hash := audit_line_hash(link.hash, NEW);
    INSERT INTO audit_chain (place, line_id, hash) VALUES (link.place, NEW.id, link.hash);
    UPDATE audit_head SET place = link.place, hash = link.hash;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER audit_log_chained AFTER INSERT ON audit_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_audit_line();
