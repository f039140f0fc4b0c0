-- The next contacts of an audience by id, by contacts_pkey; with a draw, those that were drawn. The segment's condition
-- takes the place of the marker.
-- $1 the contact behind which they come, $2 how many, $3 whether numbers of unknown line type are in it, $4 the campaign,
-- $5 the greatest draw that is taken; NULL takes all.
SELECT c.*
FROM reachable_contacts AS c
WHERE c.id > $1
  AND (c.line_type <> 'unknown' OR $3::boolean)
  AND ($5::bigint IS NULL OR hashint8extended(c.id, hashtextextended($4::text, 0)) <= $5)
  AND TRUE /* segment */
ORDER BY c.id
LIMIT $2
