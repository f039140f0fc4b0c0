-- Names are searched for as they are: the Spanish stemmer takes the ends of family names away (Fernando and Fernández begin
-- alike then), while words of addresses are found by their stems. And numbers are searched for by their last digits.
CREATE TEXT SEARCH CONFIGURATION simple_unaccent (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION simple_unaccent ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;

DROP INDEX IF EXISTS idx_contacts_name_gin;
DELETE FROM deferred_indexes WHERE name = 'idx_contacts_name_gin';
DO $$
BEGIN
    IF EXISTS (SELECT FROM deferred_indexes) THEN
        -- A load is under way, or died; whoever ends it builds these with the others.
        INSERT INTO deferred_indexes (name, definition) VALUES
            ('idx_contacts_name_gin',
             'CREATE INDEX idx_contacts_name_gin ON public.contacts USING gin (to_tsvector(''simple_unaccent''::regconfig, full_name))'),
            ('idx_contacts_phone_end',
             'CREATE INDEX idx_contacts_phone_end ON public.contacts USING btree (((phone_national % (10000)::bigint)))');
    ELSE
        CREATE INDEX idx_contacts_name_gin ON contacts USING gin (to_tsvector('simple_unaccent', full_name));
        CREATE INDEX idx_contacts_phone_end ON contacts ((phone_national % 10000));
    END IF;
END
$$;
-- What an index is on is known to the planner once it was looked at.
ANALYZE contacts;
