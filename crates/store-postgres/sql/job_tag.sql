-- Tags contacts from behind $1 to $2 whom a segment means, by contacts_pkey and contact_tags_pkey. The segment's condition takes the
-- place of the marker. A contact whose tags would be more than $5 gets none.
-- $3 the tags they get, $4 the tags they lose.
WITH meant AS (
    SELECT c.id FROM contacts AS c WHERE c.id > $1 AND c.id <= $2 AND TRUE /* segment */
),
removed AS (
    DELETE FROM contact_tags USING meant
    WHERE contact_tags.contact_id = meant.id AND contact_tags.tag = ANY($4::text[])
    RETURNING contact_tags.contact_id
),
full_ones AS (
    SELECT contact_tags.contact_id AS id
    FROM contact_tags
    JOIN meant ON meant.id = contact_tags.contact_id
    WHERE cardinality($3::text[]) > 0 AND contact_tags.tag <> ALL($3::text[] || $4::text[])
    GROUP BY contact_tags.contact_id
    HAVING count(*) + cardinality($3::text[]) > $5
),
added AS (
    INSERT INTO contact_tags (contact_id, tag)
    SELECT meant.id, tag
    FROM meant
    CROSS JOIN unnest($3::text[]) AS tag
    WHERE NOT EXISTS (SELECT FROM full_ones WHERE full_ones.id = meant.id)
    ON CONFLICT DO NOTHING
    RETURNING contact_id
)
SELECT (SELECT count(*) FROM meant) AS matched, (SELECT count(*) FROM added) AS added,
       (SELECT count(*) FROM removed) AS removed, (SELECT count(*) FROM full_ones) AS left_out
