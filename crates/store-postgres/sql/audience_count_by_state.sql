-- Counts whom a segment means by state. The segment's condition takes the place of the marker.
SELECT c.state_code, count(*) AS contacts
FROM contacts AS c
WHERE TRUE /* segment */
GROUP BY c.state_code
