-- Adds an extract.
INSERT INTO extracts (id, segment, segment_id, segment_version, numbers, seeds, unused_within_days, picked, format, created_by,
                      created_at, expires_at)
VALUES ($1, $2::text::jsonb, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING *
