-- The next contacts of an audience by id, by contacts_pkey; with a draw, those that were drawn. The segment's condition
-- takes the place of the marker.
-- $1 the contact behind which they come, $2 how many, $3 whether numbers of unknown line type are in it, $4 the campaign,
-- $5 the greatest draw that is taken; NULL takes all.
SELECT c.*
FROM contacts AS c
WHERE c.id > $1
  AND c.is_valid AND c.opt_out_at IS NULL AND c.status <> 'BLOCKED'
  AND (c.line_type = 'mobile' OR (c.line_type = 'unknown' AND $3::boolean))
  AND NOT EXISTS (SELECT FROM suppressions
                  WHERE suppressions.phone_national = c.phone_national
                    AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
  AND ($5::bigint IS NULL OR hashint8extended(c.id, hashtextextended($4::text, 0)) <= $5)
  AND TRUE /* segment */
ORDER BY c.id
LIMIT $2
