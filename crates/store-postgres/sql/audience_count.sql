-- Counts whom a segment means, and why some of them are not in the audience: the first reason of each counts. The segment's
-- condition takes the place of the marker. Reads what the condition makes it read; suppressions by suppressions_pkey.
-- $1 whether numbers of unknown line type are in it.
SELECT count(*) AS matched,
       count(*) FILTER (WHERE NOT c.is_valid) AS not_valid,
       count(*) FILTER (WHERE c.is_valid AND NOT c.is_reachable) AS not_mobile,
       count(*) FILTER (WHERE c.is_valid AND c.is_reachable AND c.has_said_no) AS opted_out,
       count(*) FILTER (WHERE c.is_valid AND c.is_reachable AND NOT c.has_said_no AND c.is_suppressed) AS suppressed,
       count(*) FILTER (WHERE c.is_valid AND c.is_reachable AND NOT c.has_said_no AND NOT c.is_suppressed) AS remaining
FROM (
    SELECT c.is_valid,
           c.line_type = 'mobile' OR (c.line_type = 'unknown' AND $1::boolean) AS is_reachable,
           c.opt_out_at IS NOT NULL AS has_said_no,
           c.status = 'BLOCKED'
               OR EXISTS (SELECT FROM suppressions
                          WHERE suppressions.phone_national = c.phone_national
                            AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())) AS is_suppressed
    FROM contacts AS c
    WHERE TRUE /* segment */
) AS c
