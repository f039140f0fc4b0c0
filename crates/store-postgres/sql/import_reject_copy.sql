-- Keeps the rows of a batch that were not imported.
COPY import_rejects (import_id, source_row_id, outcome, reason, source_row) FROM STDIN (FORMAT binary)
