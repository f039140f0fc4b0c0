-- Keeps ranges of a version: one entry for each in $2 first numbers, $3 last numbers, $4 line types, $5 carriers.
INSERT INTO numbering_ranges (version, first_number, last_number, line_type, carrier)
SELECT $1, entry.* FROM unnest($2::int8[], $3::int8[], $4::text[], $5::text[]) AS entry
