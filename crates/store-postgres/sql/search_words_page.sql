-- Contacts by ascending id whose name has all words of $8, as they are, or whose address has those of $9, by their stems. By
-- idx_contacts_name_gin and idx_contacts_address_gin where the words are rare, by contacts_pkey where they are not.
-- $1 behind which, $2 how many, $3 state, $4 lada, $5 city, $6 line type, $7 status; what is NULL lets all pass.
SELECT *
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
