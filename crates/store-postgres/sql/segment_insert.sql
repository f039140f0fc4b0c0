-- Adds a version of a segment, which is current from now on. A name that is another's violates segments_name_key.
INSERT INTO segments (id, version, name, definition, created_by, created_at)
VALUES ($1, $2, $3, $4::text::jsonb, $5, $6)
RETURNING *
