-- Picks numbers at random among a large part of all contacts: ids are drawn, and those that fit are taken, so that each is as
-- likely as any other and nobody sorts what nobody takes. By contacts_pkey. The segment's condition takes the place of the marker.
-- $1 how many, $2 whether numbers of unknown line type are in it, $3 since when none may have been in an extract, $4 how many ids
-- are drawn.
WITH span AS (
    SELECT min(id) AS first, max(id) - min(id) + 1 AS length FROM contacts
),
drawn AS MATERIALIZED (
    SELECT DISTINCT first + floor(random() * length)::bigint AS id
    FROM span CROSS JOIN generate_series(1, $4::integer)
    ORDER BY id
)
INSERT INTO picked (id, phone_national, place)
SELECT c.id, c.phone_national, coalesce(c.city, c.municipality, c.state_name)
FROM drawn
JOIN reachable_contacts AS c ON c.id = drawn.id
WHERE (c.line_type <> 'unknown' OR $2::boolean)
  AND NOT EXISTS (SELECT FROM contact_activity AS activity
                  WHERE activity.phone_national = c.phone_national AND activity.last_extracted_at >= $3::timestamptz)
  AND TRUE /* segment */
ORDER BY random()
LIMIT $1
