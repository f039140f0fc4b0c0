-- Whether an index is there, and if so, whether it can be used; one whose building was cut off cannot.
SELECT indisvalid AND indisready AS is_usable FROM pg_index WHERE indexrelid = to_regclass($1)
