-- As extract_pick_hashing.sql, and only those of the least hashes are judged, by contacts_pkey and contact_activity_pkey, however
-- many were handed out before. The segment's condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 since when none may have been in an extract, $4 the extract,
-- $5 how many are judged.
INSERT INTO picked (id, phone_national, place)
SELECT contact.id, contact.phone_national, coalesce(contact.city, contact.municipality, contact.state_name)
FROM (SELECT c.id, hashint8extended(c.id, hashtextextended($4::text, 0)) AS hash
      FROM contacts AS c
      WHERE TRUE /* segment */
      ORDER BY hash
      LIMIT $5) AS drawn
CROSS JOIN LATERAL (SELECT * FROM reachable_contacts WHERE reachable_contacts.id = drawn.id OFFSET 0) AS contact
LEFT JOIN LATERAL (SELECT last_extracted_at FROM contact_activity
                   WHERE contact_activity.phone_national = contact.phone_national
                   OFFSET 0) AS activity ON true
WHERE (contact.line_type <> 'unknown' OR $2::boolean)
  AND (activity.last_extracted_at >= $3::timestamptz) IS NOT TRUE
ORDER BY drawn.hash
LIMIT $1
