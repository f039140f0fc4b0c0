-- Uses up a recovery code, and writes the line of the audit log that says so (recovery_codes_pkey). $1 the user, $2 the SHA-256,
-- $3 the actor, $4 the request, $5 from where.
WITH used AS (
    DELETE FROM recovery_codes WHERE user_id = $1 AND code_sha256 = $2 RETURNING user_id
)
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr)
SELECT $3, 'user.use_recovery_code', 'user', used.user_id::text, $4, $5 FROM used
