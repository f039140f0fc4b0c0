-- How many numbers of a segment would be asked about, and how many an earlier lookup answers. The segment's condition takes the
-- place of the marker; reads what it means and number_lookups, which is small.
-- $1 for how many seconds a lookup is fresh, $2 whether those are asked about, too, whose line type is known.
SELECT count(*) FILTER (WHERE NOT wanted.is_cached) AS to_ask, count(*) FILTER (WHERE wanted.is_cached) AS cached
FROM (
    SELECT coalesce(known.looked_up_at > now() - make_interval(secs => $1), false) AS is_cached, c.line_type
    FROM contacts AS c
    LEFT JOIN number_lookups AS known ON known.phone_national = c.phone_national
    WHERE c.is_valid AND c.opt_out_at IS NULL AND c.status <> 'BLOCKED'
      AND NOT EXISTS (SELECT FROM suppressions
                      WHERE suppressions.phone_national = c.phone_national
                        AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
      AND TRUE /* segment */
) AS wanted
WHERE wanted.is_cached OR $2::boolean OR wanted.line_type = 'unknown'
