-- What the groups may do, where they exist: exactly this. What no line names they may not; nobody changes history, and nobody the
-- schema. A partition is reached through its table alone, so that what its table refuses is refused. The functions are those that run
-- as the owner: everybody else may not run them at all. Who was granted more, under another name, keeps it.
DO $$
DECLARE
    owners_function text;
    group_name text;
    granted record;
BEGIN
    FOR owners_function IN
        SELECT oid::regprocedure FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', owners_function);
    END LOOP;
    FOREACH group_name IN ARRAY ARRAY['pregon_api', 'pregon_worker'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = group_name);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', group_name);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', group_name);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM %I', group_name);
        FOR granted IN
            SELECT grants.object, CASE group_name WHEN 'pregon_api' THEN to_api ELSE to_worker END AS privileges
            FROM (VALUES
                -- The object, what the api may, what workers may.
                ('TABLE api_keys',                    'SELECT, INSERT, UPDATE',          ''),
                ('TABLE audit_chain',                 'SELECT',                          ''),
                ('TABLE audit_head',                  '',                                'SELECT'),
                ('TABLE audit_log',
                 'SELECT, INSERT (actor, action, object_kind, object_id, request_id, remote_addr, details)',
                 'INSERT (actor, action, object_kind, object_id, request_id, remote_addr, details)'),
                ('TABLE bill_differences',            'SELECT',                          'SELECT, INSERT'),
                ('TABLE campaign_bills',              'SELECT',                          'SELECT, INSERT, UPDATE'),
                ('TABLE campaign_counts',             'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE'),
                ('TABLE campaign_hops',               '',                                'SELECT'),
                ('TABLE campaign_paces',              'SELECT',                          'SELECT'),
                ('TABLE campaigns',                   'SELECT, INSERT, UPDATE, DELETE',  'SELECT, INSERT, UPDATE'),
                ('TABLE claims',                      'SELECT',                          'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE consent_events',              'INSERT',                          ''),
                ('TABLE contact_activity',            'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE'),
                ('TABLE contact_count_changes',       'SELECT, INSERT',                  'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE contact_counts',              '',                                'SELECT, INSERT, UPDATE'),
                ('TABLE contact_counts_now',          'SELECT',                          ''),
                ('TABLE contact_tags',                'SELECT, INSERT, DELETE',          'SELECT, INSERT, DELETE'),
                ('TABLE contacts',                    'SELECT, INSERT, UPDATE, DELETE',  'SELECT, INSERT, UPDATE'),
                ('TABLE database_identity',           '',                                'SELECT, INSERT, UPDATE'),
                ('TABLE deferred_indexes',            'SELECT',                          'SELECT'),
                ('TABLE due',                         'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE extract_numbers',             'SELECT, INSERT',                  'SELECT, DELETE'),
                ('TABLE extracts',                    'SELECT, INSERT, UPDATE',          'SELECT, UPDATE'),
                ('TABLE idempotency_keys',            'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE'),
                ('TABLE inbound_messages',            'SELECT, INSERT, UPDATE',          'SELECT, DELETE'),
                ('TABLE job_parts',                   'SELECT, INSERT, DELETE',          'SELECT, DELETE'),
                ('TABLE job_refused_lines',           'SELECT',                          'SELECT, INSERT, DELETE'),
                ('TABLE jobs',                        'SELECT, INSERT, UPDATE, DELETE',  'SELECT, UPDATE, DELETE'),
                ('TABLE lanes',                       'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE'),
                ('TABLE login_failures',              'SELECT, INSERT, UPDATE, DELETE',  ''),
                ('TABLE lookup_budgets',              'SELECT, UPDATE',                  'SELECT, UPDATE'),
                ('TABLE message_attempts',            'SELECT',                          'SELECT, INSERT, UPDATE'),
                ('TABLE message_exclusions',          'SELECT',                          'INSERT'),
                ('TABLE message_receipts',            'SELECT, INSERT',                  'SELECT, INSERT'),
                ('TABLE messages',                    'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE'),
                ('TABLE number_lookups',              'SELECT, INSERT, UPDATE',          'SELECT, INSERT, UPDATE'),
                ('TABLE numbering_plans',             'SELECT',                          'SELECT'),
                ('TABLE numbering_ranges',            'SELECT',                          'SELECT'),
                ('TABLE outbox',                      'SELECT, INSERT, DELETE',          'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE paces',                       'SELECT, INSERT, UPDATE, DELETE',  'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE provider_events',             'SELECT, INSERT',                  'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE reachable_contacts',          'SELECT',                          'SELECT'),
                ('TABLE record_questions',            '',                                'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE recovery_codes',              'SELECT, INSERT, DELETE',          ''),
                ('TABLE refinery_schema_history',     'SELECT',                          'SELECT'),
                ('TABLE replies',                     'SELECT, INSERT',                  'SELECT, UPDATE, DELETE'),
                ('TABLE second_factors',              'SELECT, INSERT, UPDATE, DELETE',  ''),
                ('TABLE seed_numbers',                'SELECT, INSERT, UPDATE, DELETE',  'SELECT, UPDATE'),
                ('TABLE segments',                    'SELECT, INSERT, UPDATE',          ''),
                ('TABLE sender_routes',               'SELECT, INSERT, DELETE',          'SELECT'),
                ('TABLE senders',                     'SELECT, INSERT',                  'SELECT'),
                ('TABLE sessions',                    'SELECT, INSERT, UPDATE, DELETE',  ''),
                ('TABLE suppression_loads',           'SELECT, INSERT, UPDATE',          ''),
                ('TABLE suppressions',                'SELECT, INSERT, UPDATE, DELETE',  'SELECT, INSERT'),
                ('TABLE turns',                       '',                                'SELECT, UPDATE'),
                ('TABLE unsettled_receipts',          'INSERT',                          'SELECT, INSERT, UPDATE, DELETE'),
                ('TABLE users',
                 'SELECT, INSERT, UPDATE (password_hash, must_change_password, role, disabled_at, updated_at)', ''),
                ('TABLE view_refreshes',              '',                                'SELECT'),
                ('TABLE workers',                     'SELECT',                          'SELECT, INSERT, UPDATE, DELETE'),
                ('SEQUENCE contact_count_changes_id_seq', 'SELECT',                          'USAGE'),
                ('SEQUENCE job_claims',               '',                                'USAGE'),
                ('FUNCTION analyze_messages(uuid)',   '',                                'EXECUTE'),
                ('FUNCTION drop_message_partitions(integer, timestamptz)', '',                                'EXECUTE'),
                ('FUNCTION ensure_message_partitions(integer, timestamptz)', 'EXECUTE',                         'EXECUTE'),
                ('FUNCTION is_frequent_word(text)',   'EXECUTE',                         ''),
                ('FUNCTION refresh_contacts_by_state()', '',                                'EXECUTE')
            ) AS grants (object, to_api, to_worker)
        LOOP
            CONTINUE WHEN granted.privileges = '';
            EXECUTE format('GRANT %s ON %s TO %I', granted.privileges, granted.object, group_name);
        END LOOP;
    END LOOP;
END
$$
