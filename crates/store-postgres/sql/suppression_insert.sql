-- Bars a number by our own list, or again where that has expired; no row where it is barred already. By suppressions_pkey.
-- $1 phone, $2 reason, $3 until when, $4 who.
INSERT INTO suppressions AS barred (phone_national, source, reason, created_by, expires_at)
VALUES ($1, 'manual', $2, $4, $3)
ON CONFLICT (phone_national, source) DO UPDATE
SET reason = excluded.reason, created_by = excluded.created_by, created_at = now(), expires_at = excluded.expires_at,
    listed_at = NULL
WHERE barred.expires_at <= now()
RETURNING *
