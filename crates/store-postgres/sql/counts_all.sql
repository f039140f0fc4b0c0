-- Counts all contacts into the cubes, in place of what stands there. Nobody may change contacts meanwhile.
WITH forgotten AS (DELETE FROM contact_count_changes)
INSERT INTO contact_counts (dimension, key, line_type, status, is_valid, has_opted_out, contacts)
SELECT cube.dimension, cube.key, line_type, status, is_valid, has_opted_out, sum(contacts)
FROM (SELECT state_code, lada, city, line_type, status, is_valid, opt_out_at IS NOT NULL AS has_opted_out,
             count(*) AS contacts
      FROM contacts
      GROUP BY 1, 2, 3, 4, 5, 6, 7) AS alike,
     LATERAL (VALUES ('state', state_code), ('lada', lada), ('city', city)) AS cube (dimension, key)
GROUP BY 1, 2, 3, 4, 5, 6
