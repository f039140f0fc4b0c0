-- Picks numbers at random where many fit: pages of the table are drawn, and of the contacts on them some, so that each is as likely
-- as any other and nobody reads what nobody takes. Those that are drawn are judged by contacts_pkey. The segment's condition takes
-- the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 since when none may have been in an extract, $4 how many
-- pages of a hundred are drawn, $5 which part of the contacts on them.
INSERT INTO picked (id, phone_national, place)
SELECT drawn.id, drawn.phone_national, coalesce(drawn.city, drawn.municipality, drawn.state_name)
FROM contacts AS c TABLESAMPLE SYSTEM ($4::real)
CROSS JOIN LATERAL (SELECT * FROM reachable_contacts WHERE reachable_contacts.id = c.id OFFSET 0) AS drawn
WHERE random() < $5::double precision
  AND TRUE /* segment */
  AND (drawn.line_type <> 'unknown' OR $2::boolean)
  AND NOT EXISTS (SELECT FROM contact_activity AS activity
                  WHERE activity.phone_national = drawn.phone_national AND activity.last_extracted_at >= $3::timestamptz)
ORDER BY random()
LIMIT $1
