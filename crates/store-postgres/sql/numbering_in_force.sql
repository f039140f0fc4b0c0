-- The plan in force (numbering_plans_in_force_key holds at most one).
SELECT version, file_name, file_sha256, latest, ranges, loaded_at FROM numbering_plans WHERE is_in_force
