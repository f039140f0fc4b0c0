-- Brings refused rows back.
COPY import_rejects (import_id, source_row_id, outcome, reason, detail, source_row) FROM STDIN (FORMAT binary)
