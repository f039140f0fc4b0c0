-- As search_words_page.sql, counted up to $2.
SELECT count(*) AS contacts
FROM (SELECT
      FROM contacts
      WHERE id > $1
        AND (name_words(full_name) @@ to_tsquery('simple_unaccent', $8)
       OR address_words(address) @@ to_tsquery('spanish_unaccent', $9))
  AND ($3::text IS NULL OR state_code = $3)
  AND ($4::text IS NULL OR lada = $4)
  AND ($5::text IS NULL OR city = $5)
  AND ($6::text IS NULL OR line_type = $6)
  AND ($7::text IS NULL OR status = $7)
      LIMIT $2) AS found
