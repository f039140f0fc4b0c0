-- Empties the contacts with their tags.
TRUNCATE contacts, contact_tags
