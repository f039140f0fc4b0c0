-- What is counted of contacts may be kept elsewhere for as long as they are as they were, so whoever keeps it must see that
-- they are not. contact_count_changes tells: a transaction that changes contacts adds to it, and what is visible of it changes
-- when that transaction commits. What takes rows away from it, folding or truncating, draws an id, so that it is never again
-- what it was. An update is noted where it moves nobody from one cell to another, too, since a name or an address may have
-- changed: such notes sum up to 0.

CREATE OR REPLACE FUNCTION note_contacts_counted() RETURNS trigger LANGUAGE plpgsql AS $$
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
        GROUP BY 1, 2, 3, 4, 5, 6;
    WHEN 'TRUNCATE' THEN
        TRUNCATE contact_counts, contact_count_changes;
        PERFORM nextval(pg_get_serial_sequence('contact_count_changes', 'id'));
    END CASE;
    RETURN NULL;
END
$$;
