-- Notes that every contact was classed by a version, by primary key.
UPDATE numbering_plans SET reclassified_at = now() WHERE version = $1
