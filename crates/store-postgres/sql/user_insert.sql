-- Adds a user and the audit line that says so. users_email_key refuses an address that is taken.
WITH added AS (
    INSERT INTO users (id, email, role, password_hash, must_change_password, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING id, role
)
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr, details)
SELECT $7, 'user.create', 'user', added.id::text, $8, $9, jsonb_build_object('role', added.role)
FROM added
