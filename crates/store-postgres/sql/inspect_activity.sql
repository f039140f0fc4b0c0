-- What the server says of work on contacts that takes long: indexes that are built, vacuum, analyse. An index that is not
-- committed yet has its name in the statement alone; how many a load took down stands in deferred_indexes.
WITH counted AS (
    SELECT (SELECT count(*) FROM deferred_indexes) AS missing,
           (SELECT count(*) FROM pg_index WHERE indrelid = 'contacts'::regclass AND indisvalid AND NOT indisprimary) AS built
)
SELECT 'index '
           || CASE WHEN missing > 0
                   THEN built + row_number() OVER (ORDER BY pid) || ' of ' || built + missing || ', ' ELSE '' END
           || coalesce(pg_class.relname, substring(pg_stat_activity.query FROM 'INDEX (?:CONCURRENTLY )?([^ ]+)'),
                       'of contacts') AS work,
       phase,
       CASE WHEN blocks_total > 0 THEN 100.0 * blocks_done / blocks_total
            WHEN tuples_total > 0 THEN 100.0 * tuples_done / tuples_total
       END::float8 AS percent
FROM counted, pg_stat_progress_create_index
LEFT JOIN pg_class ON pg_class.oid = index_relid
LEFT JOIN pg_stat_activity USING (pid)
WHERE pg_stat_progress_create_index.relid = 'contacts'::regclass
UNION ALL
SELECT 'vacuum', phase, CASE WHEN heap_blks_total > 0 THEN 100.0 * heap_blks_scanned / heap_blks_total END::float8
FROM pg_stat_progress_vacuum
WHERE relid = 'contacts'::regclass
UNION ALL
SELECT 'analyze', phase,
       CASE WHEN sample_blks_total > 0 THEN 100.0 * sample_blks_scanned / sample_blks_total END::float8
FROM pg_stat_progress_analyze
WHERE relid = 'contacts'::regclass
