-- What the groups may do, where they exist: read and write, but nobody changes history and nobody changes the schema.
-- A partition is reached through its table alone, so that what its table refuses is refused.
DO $$
DECLARE
    role_name text;
    partition_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['pregon_api', 'pregon_worker'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', role_name);
        FOR partition_name IN SELECT oid::regclass FROM pg_class WHERE relispartition AND relkind = 'r' LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %I', partition_name, role_name);
        END LOOP;
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', role_name);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON refinery_schema_history, deferred_indexes, numbering_plans, numbering_ranges FROM %I', role_name);
        EXECUTE format('REVOKE DELETE ON number_lookups, lookup_budgets FROM %I', role_name);
        EXECUTE format('REVOKE INSERT ON lookup_budgets FROM %I', role_name);
        EXECUTE format('REVOKE UPDATE, DELETE ON audit_log, consent_events, import_rejects, message_receipts FROM %I', role_name);
    END LOOP;
END
$$
