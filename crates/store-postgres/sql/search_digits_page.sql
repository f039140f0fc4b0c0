-- Contacts by ascending id whose number is from $8 to $9, by contacts_phone_national_key, or ends as $12 does, by
-- idx_contacts_phone_end ($10 is what its last four digits may be, $11 the power of ten of all of them); each by
-- contacts_pkey where they are many.
-- $1 behind which, $2 how many, $3 state, $4 lada, $5 city, $6 line type, $7 status; what is NULL lets all pass.
(SELECT *
 FROM contacts
 WHERE id > $1
    AND phone_national BETWEEN $8 AND $9
    AND ($3::text IS NULL OR state_code = $3)
    AND ($4::text IS NULL OR lada = $4)
    AND ($5::text IS NULL OR city = $5)
    AND ($6::text IS NULL OR line_type = $6)
    AND ($7::text IS NULL OR status = $7)
 ORDER BY id
 LIMIT $2)
UNION ALL
(SELECT *
 FROM contacts
 WHERE id > $1
    AND phone_national % 10000 = ANY ($10::bigint[]) AND phone_national % $11 = $12
    AND phone_national NOT BETWEEN $8 AND $9
    AND ($3::text IS NULL OR state_code = $3)
    AND ($4::text IS NULL OR lada = $4)
    AND ($5::text IS NULL OR city = $5)
    AND ($6::text IS NULL OR line_type = $6)
    AND ($7::text IS NULL OR status = $7)
 ORDER BY id
 LIMIT $2)
ORDER BY id
LIMIT $2
