-- How many cells of the cubes are not what counting all contacts says: a scan.
WITH counted AS (
    SELECT cube.dimension, cube.key, line_type, status, is_valid, has_opted_out, sum(contacts)::bigint AS contacts
    FROM (SELECT state_code, lada, city, line_type, status, is_valid, opt_out_at IS NOT NULL AS has_opted_out,
                 count(*) AS contacts
          FROM contacts
          GROUP BY 1, 2, 3, 4, 5, 6, 7) AS alike,
         LATERAL (VALUES ('state', state_code), ('lada', lada), ('city', city)) AS cube (dimension, key)
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT (SELECT count(*) FROM counted) AS cells,
       (SELECT count(*)
        FROM (SELECT * FROM counted EXCEPT ALL SELECT * FROM contact_counts_now) AS missing)
     + (SELECT count(*)
        FROM (SELECT * FROM contact_counts_now EXCEPT ALL SELECT * FROM counted) AS surplus) AS different
