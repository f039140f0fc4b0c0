-- What made searches and extracts of 36 million contacts slow (docs/decisions/007 and 008).

-- Whether a word is one that 50,000 names or addresses have, by the statistics of their indexes, which only the owner of these may
-- read. What begins with such a word is not looked for: gathering all who have it takes longer than anybody waits.
CREATE FUNCTION is_frequent_word(word text, OUT in_names boolean, OUT in_addresses boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH frequent AS (
        SELECT tablename, lexeme
        FROM pg_catalog.pg_stats,
             unnest(most_common_elems::text::text[],
                    most_common_elem_freqs[1:array_length(most_common_elems::text::text[], 1)]) AS common (lexeme, part)
        WHERE schemaname = 'public' AND tablename IN ('idx_contacts_name_gin', 'idx_contacts_address_gin')
          AND part * (SELECT reltuples FROM pg_catalog.pg_class WHERE oid = 'public.contacts'::regclass) >= 50000
    )
    SELECT coalesce(bool_or(tablename = 'idx_contacts_name_gin'
                            AND lexeme = ANY (tsvector_to_array(to_tsvector('public.simple_unaccent', word)))), false),
           coalesce(bool_or(tablename = 'idx_contacts_address_gin'
                            AND lexeme = ANY (tsvector_to_array(to_tsvector('public.spanish_unaccent', word)))), false)
    FROM frequent
$$;

-- Numbers are written in the transaction that writes their extract, and no extract is ever deleted: looking it up again for each of
-- 100,000 numbers shows nothing and takes a quarter of a second.
ALTER TABLE extract_numbers DROP CONSTRAINT extract_numbers_extract_fk;

-- What runs with its owner's rights looks at nobody's temporary tables first.
ALTER FUNCTION refresh_contacts_by_state() SET search_path = pg_catalog, public, pg_temp;
