-- Contacts counted by what people ask for most, so that nobody walks through all of them to know how many there are: a few
-- small cubes, one over everything would have nearly as many cells as there are contacts.
--
-- What has changed since the cubes were last brought up to date stands in contact_count_changes, which is only ever added
-- to and folded in now and then; contact_counts_now is both together, right at any moment. Triggers note every change,
-- whoever makes it. While an empty table is loaded the one on insertion is disabled, and all is counted once at the end.

CREATE TABLE contact_counts (
    dimension     text COLLATE "C" NOT NULL,
    key           text COLLATE "C",
    line_type     text COLLATE "C" NOT NULL,
    status        text COLLATE "C" NOT NULL,
    is_valid      boolean NOT NULL,
    has_opted_out boolean NOT NULL,
    contacts      bigint NOT NULL,
    CONSTRAINT contact_counts_key
        UNIQUE NULLS NOT DISTINCT (dimension, key, line_type, status, is_valid, has_opted_out),
    CONSTRAINT contact_counts_dimension_known CHECK (dimension IN ('state', 'lada', 'city'))
);

CREATE TABLE contact_count_changes (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    dimension     text COLLATE "C" NOT NULL,
    key           text COLLATE "C",
    line_type     text COLLATE "C" NOT NULL,
    status        text COLLATE "C" NOT NULL,
    is_valid      boolean NOT NULL,
    has_opted_out boolean NOT NULL,
    contacts      bigint NOT NULL,
    CONSTRAINT contact_count_changes_pkey PRIMARY KEY (id)
);

CREATE VIEW contact_counts_now AS
SELECT dimension, key, line_type, status, is_valid, has_opted_out, sum(contacts)::bigint AS contacts
FROM (
    SELECT dimension, key, line_type, status, is_valid, has_opted_out, contacts FROM contact_counts
    UNION ALL
    SELECT dimension, key, line_type, status, is_valid, has_opted_out, contacts FROM contact_count_changes
) AS parts
GROUP BY dimension, key, line_type, status, is_valid, has_opted_out
HAVING sum(contacts) <> 0;

CREATE FUNCTION note_contacts_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_OP
    WHEN 'INSERT' THEN
        INSERT INTO contact_count_changes (dimension, key, line_type, status, is_valid, has_opted_out, contacts)
        SELECT cube.dimension, cube.key, line_type, status, is_valid, opt_out_at IS NOT NULL, count(*)
        FROM added, LATERAL (VALUES ('state', state_code), ('lada', lada), ('city', city)) AS cube (dimension, key)
        GROUP BY 1, 2, 3, 4, 5, 6;
    WHEN 'DELETE' THEN
        INSERT INTO contact_count_changes (dimension, key, line_type, status, is_valid, has_opted_out, contacts)
        SELECT cube.dimension, cube.key, line_type, status, is_valid, opt_out_at IS NOT NULL, -count(*)
        FROM removed, LATERAL (VALUES ('state', state_code), ('lada', lada), ('city', city)) AS cube (dimension, key)
        GROUP BY 1, 2, 3, 4, 5, 6;
    WHEN 'UPDATE' THEN
        INSERT INTO contact_count_changes (dimension, key, line_type, status, is_valid, has_opted_out, contacts)
        SELECT cube.dimension, cube.key, line_type, status, is_valid, opt_out_at IS NOT NULL, sum(n)
        FROM (SELECT state_code, lada, city, line_type, status, is_valid, opt_out_at, 1 AS n FROM added
              UNION ALL
              SELECT state_code, lada, city, line_type, status, is_valid, opt_out_at, -1 FROM removed) AS changed,
             LATERAL (VALUES ('state', state_code), ('lada', lada), ('city', city)) AS cube (dimension, key)
        GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(n) <> 0;
    WHEN 'TRUNCATE' THEN
        TRUNCATE contact_counts, contact_count_changes;
    END CASE;
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_counted_insert AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_contacts_counted();
CREATE TRIGGER contacts_counted_delete AFTER DELETE ON contacts
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION note_contacts_counted();
CREATE TRIGGER contacts_counted_update AFTER UPDATE ON contacts
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_contacts_counted();
CREATE TRIGGER contacts_counted_truncate AFTER TRUNCATE ON contacts
    FOR EACH STATEMENT EXECUTE FUNCTION note_contacts_counted();

-- Those that are there already.
INSERT INTO contact_counts (dimension, key, line_type, status, is_valid, has_opted_out, contacts)
SELECT cube.dimension, cube.key, line_type, status, is_valid, has_opted_out, sum(contacts)
FROM (SELECT state_code, lada, city, line_type, status, is_valid, opt_out_at IS NOT NULL AS has_opted_out,
             count(*) AS contacts
      FROM contacts
      GROUP BY 1, 2, 3, 4, 5, 6, 7) AS alike,
     LATERAL (VALUES ('state', state_code), ('lada', lada), ('city', city)) AS cube (dimension, key)
GROUP BY 1, 2, 3, 4, 5, 6;
