-- Why a source row was refused, by import_rejects_pkey.
SELECT reason FROM import_rejects WHERE import_id = $1 AND source_row_id = $2
