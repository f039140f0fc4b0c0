-- Picks numbers at random where many fit: pages of the table are drawn, and of the contacts on them some, so that each is as likely
-- as any other and nobody reads what nobody takes. Only those that are drawn are judged, by contacts_pkey and
-- contact_activity_pkey, however many were handed out before. The segment's condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 since when none may have been in an extract, $4 how many
-- pages of a hundred are drawn, $5 which part of the contacts on them.
INSERT INTO picked (id, phone_national, place)
SELECT contact.id, contact.phone_national, coalesce(contact.city, contact.municipality, contact.state_name)
FROM (SELECT c.id FROM contacts AS c TABLESAMPLE SYSTEM ($4::real)
      WHERE random() < $5::double precision AND TRUE /* segment */
      OFFSET 0) AS drawn
CROSS JOIN LATERAL (SELECT * FROM reachable_contacts WHERE reachable_contacts.id = drawn.id OFFSET 0) AS contact
LEFT JOIN LATERAL (SELECT last_extracted_at FROM contact_activity
                   WHERE contact_activity.phone_national = contact.phone_national
                   OFFSET 0) AS activity ON true
WHERE (contact.line_type <> 'unknown' OR $2::boolean)
  AND (activity.last_extracted_at >= $3::timestamptz) IS NOT TRUE
ORDER BY random()
LIMIT $1
