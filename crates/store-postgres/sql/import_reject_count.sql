-- The refused rows of one import by reason (import_rejects_pkey).
SELECT reason, count(*) AS rows FROM import_rejects WHERE import_id = $1 GROUP BY reason
