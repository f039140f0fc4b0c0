-- Counts whom a segment means, and why some of them are not in the audience: the first reason of each counts. The segment's
-- condition takes the place of the marker. Reads what the condition makes it read; suppressions by suppressions_pkey,
-- contact_activity by contact_activity_pkey.
-- $1 whether numbers of unknown line type are in it, $2 messages that a number gets at most (0: any number), $3 within so
-- many seconds.
SELECT count(*) AS matched,
       count(*) FILTER (WHERE NOT c.is_valid) AS not_valid,
       count(*) FILTER (WHERE c.is_valid AND NOT c.is_reachable) AS not_mobile,
       count(*) FILTER (WHERE c.is_valid AND c.is_reachable AND c.has_said_no) AS opted_out,
       count(*) FILTER (WHERE c.is_asked AND c.is_suppressed) AS suppressed,
       count(*) FILTER (WHERE c.is_asked AND NOT c.is_suppressed AND c.is_capped) AS capped,
       count(*) FILTER (WHERE c.is_asked AND NOT c.is_suppressed AND NOT c.is_capped) AS remaining
FROM (
    SELECT c.is_valid, c.is_reachable, c.has_said_no, c.is_suppressed, c.is_capped,
           c.is_valid AND c.is_reachable AND NOT c.has_said_no AS is_asked
    FROM (
        SELECT c.is_valid,
               c.line_type = 'mobile' OR (c.line_type = 'unknown' AND $1::boolean) AS is_reachable,
               c.opt_out_at IS NOT NULL AS has_said_no,
               c.status = 'BLOCKED'
                   OR EXISTS (SELECT FROM suppressions
                              WHERE suppressions.phone_national = c.phone_national
                                AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())) AS is_suppressed,
               $2::integer > 0
                   AND coalesce((SELECT activity.recent_claims[$2] > now() - make_interval(secs => $3::float8)
                                 FROM contact_activity AS activity
                                 WHERE activity.phone_national = c.phone_national), false) AS is_capped
        FROM contacts AS c
        WHERE TRUE /* segment */
    ) AS c
) AS c
