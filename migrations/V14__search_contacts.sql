-- Names are searched for as they are: the Spanish stemmer takes the ends of family names away (Fernando and Fernández begin
-- alike then), while words of addresses are found by their stems. And numbers are searched for by their last digits.
CREATE TEXT SEARCH CONFIGURATION simple_unaccent (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION simple_unaccent ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;

DROP INDEX idx_contacts_name_gin;
CREATE INDEX idx_contacts_name_gin ON contacts USING gin (to_tsvector('simple_unaccent', full_name));
CREATE INDEX idx_contacts_phone_end ON contacts ((phone_national % 10000));
-- What an index is on is known to the planner once it was looked at.
ANALYZE contacts;
