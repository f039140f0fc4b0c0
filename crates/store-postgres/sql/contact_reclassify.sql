-- Classes the next contacts, in order of contacts_pkey, by a version of the numbering plan; rows that stay as they are
-- are not written. Each is looked up by numbering_ranges_pkey.
-- $1 version, $2 the last contact that was looked at, $3 how many.
WITH page AS (
    SELECT id, phone_national FROM contacts WHERE id > $2 ORDER BY id LIMIT $3
),
classed AS (
    SELECT page.id, coalesce(line.line_type, 'unknown') AS line_type, line.carrier
    FROM page
    LEFT JOIN LATERAL (
        SELECT last_number, line_type, carrier
        FROM numbering_ranges
        WHERE version = $1 AND first_number <= page.phone_national
        ORDER BY first_number DESC
        LIMIT 1
    ) AS line ON line.last_number >= page.phone_national
),
changed AS (
    UPDATE contacts SET line_type = classed.line_type, carrier = classed.carrier, updated_at = now()
    FROM classed
    WHERE contacts.id = classed.id
      AND (contacts.line_type <> classed.line_type OR contacts.carrier IS DISTINCT FROM classed.carrier)
    RETURNING contacts.id
)
SELECT (SELECT max(id) FROM page) AS last_id, (SELECT count(*) FROM page) AS seen, (SELECT count(*) FROM changed) AS changed
