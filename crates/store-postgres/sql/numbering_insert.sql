-- Keeps a plan and puts it in force; another in force at once fails on numbering_plans_in_force_key.
INSERT INTO numbering_plans (file_name, file_sha256, format, latest, malformed_lines, ranges, is_in_force)
VALUES ($1, $2, $3, $4, $5, $6, true)
RETURNING version, file_name, file_sha256, latest, ranges, loaded_at
