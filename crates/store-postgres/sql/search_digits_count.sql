-- As search_digits_page.sql, counted up to $2.
SELECT count(*) AS contacts
FROM ((SELECT
       FROM contacts
       WHERE id > $1
    AND phone_national BETWEEN $8 AND $9
    AND ($3::text IS NULL OR state_code = $3)
    AND ($4::text IS NULL OR lada = $4)
    AND ($5::text IS NULL OR city = $5)
    AND ($6::text IS NULL OR line_type = $6)
    AND ($7::text IS NULL OR status = $7)
       LIMIT $2)
      UNION ALL
      (SELECT
       FROM contacts
       WHERE phone_national % 10000 = ANY ($10::bigint[]) AND phone_national % $11 = $12
    AND phone_national NOT BETWEEN $8 AND $9
    AND ($3::text IS NULL OR state_code = $3)
    AND ($4::text IS NULL OR lada = $4)
    AND ($5::text IS NULL OR city = $5)
    AND ($6::text IS NULL OR line_type = $6)
    AND ($7::text IS NULL OR status = $7)
       LIMIT $2)
      LIMIT $2) AS found
