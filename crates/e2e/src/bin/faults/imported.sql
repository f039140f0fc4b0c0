-- Everything that an import leaves, as one line: counts, sums of hashes that are blind to order, and what is built.
SELECT concat_ws(' ',
    (SELECT count(*) || ':' || coalesce(sum(hashtextextended(concat_ws('|', source_row_id, phone_national, phone_original,
                full_name, address, neighborhood, municipality, state_code, state_name, state_text, lada, city,
                line_type, carrier, is_valid, status, migrated_at), 0)::numeric), 0)
     FROM contacts),
    (SELECT count(*) || ':' || coalesce(sum(hashtextextended(concat_ws('|', source_row_id, outcome, reason, source_row), 0)::numeric), 0)
     FROM import_rejects),
    (SELECT count(*) || ':' || coalesce(sum(hashtextextended(contacts_by_state::text, 0)::numeric), 0) FROM contacts_by_state),
    (SELECT string_agg(concat_ws('/', state, last_source_row_id, rows_read, imported, imported_valid, duplicates,
                duplicates_existing, rejected, states_unmapped, cities_unmapped, ladas_disagreeing, texts_invalid_utf8,
                texts_shortened, dates_unreadable, valid_rows_read, valid_rows_kept), ',')
     FROM imports),
    (SELECT count(*) || ':' || coalesce(sum(hashtextextended(missing_ladas::text, 0)::numeric), 0)
     FROM (SELECT lada, rows, examples, detected_at FROM missing_ladas) AS missing_ladas),
    (SELECT string_agg(relname || CASE WHEN indisvalid THEN '' ELSE '!' END, ',' ORDER BY relname)
     FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = 'contacts'::regclass),
    (SELECT count(*) FROM deferred_indexes)
)
