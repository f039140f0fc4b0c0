-- Draws a part of an audience: the greatest draw that is taken, so that as many as wanted are; NULL when there are no more
-- than that. The segment's condition takes the place of the marker.
-- $1 the contact behind which they come, $2 how many, $3 whether numbers of unknown line type are in it, $4 the campaign.
SELECT hashint8extended(c.id, hashtextextended($4::text, 0)) AS draw
FROM reachable_contacts AS c
WHERE c.id > $1
  AND (c.line_type <> 'unknown' OR $3::boolean)
  AND TRUE /* segment */
ORDER BY draw
OFFSET $2::bigint - 1
LIMIT 1
