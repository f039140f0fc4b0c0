-- As search_words_page.sql where all who are found are gathered: then how many there are is known as well.
SELECT contacts.*, count(*) OVER () AS found
FROM contacts
WHERE id > $1
  AND (name_words(full_name) @@ to_tsquery('simple_unaccent', $8)
       OR address_words(address) @@ to_tsquery('spanish_unaccent', $9))
  AND ($3::text IS NULL OR state_code = $3)
  AND ($4::text IS NULL OR lada = $4)
  AND ($5::text IS NULL OR city = $5)
  AND ($6::text IS NULL OR line_type = $6)
  AND ($7::text IS NULL OR status = $7)
ORDER BY id
LIMIT $2
