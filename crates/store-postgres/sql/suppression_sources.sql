-- What bars a number now, by suppressions_pkey.
SELECT source
FROM suppressions
WHERE phone_national = $1 AND (expires_at IS NULL OR expires_at > now())
ORDER BY source
