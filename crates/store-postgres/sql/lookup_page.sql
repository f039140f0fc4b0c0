-- The contacts of a segment from behind $1 to $2 whose numbers are to be asked about, or were, by contacts_pkey and
-- number_lookups_pkey. The segment's condition takes the place of the marker.
-- $3 how many, $4 for how many seconds a lookup is fresh, $5 whether those are asked about, too, whose line type is known.
SELECT c.id, c.phone_national, fresh.is_cached
FROM contacts AS c
LEFT JOIN number_lookups AS known ON known.phone_national = c.phone_national
CROSS JOIN LATERAL (
    SELECT coalesce(known.looked_up_at > now() - make_interval(secs => $4), false) AS is_cached
) AS fresh
WHERE c.id > $1 AND c.id <= $2 AND c.is_valid AND c.opt_out_at IS NULL AND c.status <> 'BLOCKED'
  AND (fresh.is_cached OR $5::boolean OR c.line_type = 'unknown')
  AND NOT EXISTS (SELECT FROM suppressions
                  WHERE suppressions.phone_national = c.phone_national
                    AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
  AND TRUE /* segment */
ORDER BY c.id
LIMIT $3
