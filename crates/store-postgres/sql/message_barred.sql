-- Which of some numbers must not be written to, and why: the first reason that holds, as audience_read names it. By
-- contacts_phone_national_key and suppressions_pkey.
-- $1 phones, $2 whether they are answered, which their own no does not forbid. Places count from 1.
SELECT number.place, barred.reason
FROM unnest($1::bigint[]) WITH ORDINALITY AS number (phone, place)
LEFT JOIN contacts AS c ON c.phone_national = number.phone
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT c.is_valid AND NOT $2 THEN 'v'
                WHEN c.line_type = 'fixed' AND NOT $2 THEN 'm'
                WHEN c.opt_out_at IS NOT NULL AND NOT $2 THEN 'o'
                WHEN c.status = 'BLOCKED'
                     OR EXISTS (SELECT FROM suppressions
                                WHERE suppressions.phone_national = number.phone
                                  AND NOT ($2 AND suppressions.source = 'opt_out')
                                  AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())) THEN 's'
           END AS reason
) AS barred
WHERE barred.reason IS NOT NULL
ORDER BY number.place
