-- Picks the numbers that have been here longest, among few: all that fit are looked at and put in order. An
-- order that no index has keeps the server from walking along one. The segment's condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 since when none may have been in an extract.
INSERT INTO picked (id, phone_national, place)
SELECT c.id, c.phone_national, coalesce(c.city, c.municipality, c.state_name)
FROM reachable_contacts AS c
WHERE (c.line_type <> 'unknown' OR $2::boolean)
  AND NOT EXISTS (SELECT FROM contact_activity AS activity
                  WHERE activity.phone_national = c.phone_national AND activity.last_extracted_at >= $3::timestamptz)
  AND TRUE /* segment */
ORDER BY c.id + 0
LIMIT $1
