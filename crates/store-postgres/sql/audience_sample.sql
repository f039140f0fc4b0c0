-- The first contacts of an audience by id, by contacts_pkey. The segment's condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it.
SELECT c.*
FROM reachable_contacts AS c
WHERE (c.line_type <> 'unknown' OR $2::boolean)
  AND TRUE /* segment */
ORDER BY c.id
LIMIT $1
