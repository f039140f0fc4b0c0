-- Writes refused rows of an import down, behind a source row: the columns of import_rejects_copy.sql; as
-- contact_copy_out.sql.
COPY (
    SELECT import_id, source_row_id, outcome, reason, detail, source_row
    FROM import_rejects
    WHERE import_id = current_setting('pregon.copied_import')::uuid
      AND source_row_id > current_setting('pregon.copied_after')::bigint
) TO STDOUT (FORMAT binary)
