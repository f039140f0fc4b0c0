-- Everybody whom a segment means, by id, each with the first reason for which it is left out of the audience, if there is
-- one: the same reasons, in the same order, as audience_count. Read to its end through a portal. With a draw, those that
-- were drawn. The segment's condition takes the place of the marker. By contacts_pkey where that is the shorter way;
-- suppressions_pkey, contact_activity_pkey.
-- $1 the contact behind which they come, $2 whether numbers of unknown line type are in it, $3 the campaign, $4 the
-- greatest draw that is taken; NULL takes all; $5 messages that a number gets at most (0: any number), $6 within so many
-- seconds.
SELECT c.*,
       CASE WHEN NOT c.is_valid THEN 'v'
            WHEN c.line_type = 'fixed' OR (c.line_type = 'unknown' AND NOT $2::boolean) THEN 'm'
            WHEN c.opt_out_at IS NOT NULL THEN 'o'
            WHEN c.status = 'BLOCKED'
                 OR EXISTS (SELECT FROM suppressions
                            WHERE suppressions.phone_national = c.phone_national
                              AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())) THEN 's'
            WHEN $5::integer > 0
                 AND (SELECT activity.recent_claims[$5] > now() - make_interval(secs => $6::float8)
                      FROM contact_activity AS activity
                      WHERE activity.phone_national = c.phone_national) THEN 'c'
       END AS left_out
FROM contacts AS c
WHERE c.id > $1
  AND ($4::bigint IS NULL OR hashint8extended(c.id, hashtextextended($3::text, 0)) <= $4)
  AND TRUE /* segment */
ORDER BY c.id
