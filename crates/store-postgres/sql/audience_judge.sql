-- How a segment judges one number now, as audience_read would; no row when the number is not in it. The segment's condition
-- takes the place of the marker. By contacts_phone_national_key, suppressions_pkey, contact_activity_pkey.
-- $1 phone, $2 whether numbers of unknown line type are in it, $3 the campaign, $4 messages that a number gets at most
-- (0: any number), $5 within so many seconds.
SELECT CASE WHEN NOT c.is_valid THEN 'v'
            WHEN c.line_type = 'fixed' OR (c.line_type = 'unknown' AND NOT $2::boolean) THEN 'm'
            WHEN c.opt_out_at IS NOT NULL THEN 'o'
            WHEN c.status = 'BLOCKED'
                 OR EXISTS (SELECT FROM suppressions
                            WHERE suppressions.phone_national = c.phone_national
                              AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())) THEN 's'
            WHEN $4::integer > 0
                 AND (SELECT activity.recent_claims[$4] > now() - make_interval(secs => $5::float8)
                      FROM contact_activity AS activity
                      WHERE activity.phone_national = c.phone_national) THEN 'c'
       END AS reason,
       hashint8extended(c.id, hashtextextended($3::text, 0)) AS draw
FROM contacts AS c
WHERE c.phone_national = $1
  AND TRUE /* segment */
