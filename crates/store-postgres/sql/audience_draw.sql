-- Draws a part of an audience: the greatest draw that is taken, so that as many as wanted are; NULL when there are no more
-- than that. The segment's condition takes the place of the marker.
-- $1 the contact behind which they come, $2 how many, $3 whether numbers of unknown line type are in it, $4 the campaign.
SELECT hashint8extended(c.id, hashtextextended($4::text, 0)) AS draw
FROM contacts AS c
WHERE c.id > $1
  AND c.is_valid AND c.opt_out_at IS NULL AND c.status <> 'BLOCKED'
  AND (c.line_type = 'mobile' OR (c.line_type = 'unknown' AND $3::boolean))
  AND NOT EXISTS (SELECT FROM suppressions
                  WHERE suppressions.phone_national = c.phone_national
                    AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
  AND TRUE /* segment */
ORDER BY draw
OFFSET $2::bigint - 1
LIMIT 1
