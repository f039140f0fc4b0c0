-- Draws a part of an audience: the greatest draw that is taken, so that as many as wanted are; NULL when there are no more
-- than that. The segment's condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 the campaign, $4 messages that a number gets at most
-- (0: any number), $5 within so many seconds.
SELECT hashint8extended(c.id, hashtextextended($3::text, 0)) AS draw
FROM reachable_contacts AS c
WHERE (c.line_type <> 'unknown' OR $2::boolean)
  AND ($4::integer = 0
       OR NOT coalesce((SELECT activity.recent_claims[$4] > now() - make_interval(secs => $5::float8)
                        FROM contact_activity AS activity
                        WHERE activity.phone_national = c.phone_national), false))
  AND TRUE /* segment */
ORDER BY draw
OFFSET $1::bigint - 1
LIMIT 1
