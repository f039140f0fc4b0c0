-- Picks numbers at random among few contacts: all that fit are looked at, and those of the least hash are taken. The segment's
-- condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 since when none may have been in an extract, $4 the extract.
INSERT INTO picked (id, phone_national, place)
SELECT c.id, c.phone_national, coalesce(c.city, c.municipality, c.state_name)
FROM reachable_contacts AS c
WHERE (c.line_type <> 'unknown' OR $2::boolean)
  AND NOT EXISTS (SELECT FROM contact_activity AS activity
                  WHERE activity.phone_national = c.phone_national AND activity.last_extracted_at >= $3::timestamptz)
  AND TRUE /* segment */
ORDER BY hashint8extended(c.id, hashtextextended($4::text, 0))
LIMIT $1
