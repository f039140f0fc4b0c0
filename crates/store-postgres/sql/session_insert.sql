-- Begins a session, with the audit line that says so, and forgets the user's sessions that ended long ago
-- (sessions_user_idx). sessions_family_key refuses a family that is taken, sessions_user_fkey a user that is not there.
WITH begun AS (
    INSERT INTO sessions (id, user_id, family_sha256, refresh_sha256, created_at, last_used_at, expires_at, user_agent,
                          remote_addr)
    VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)
    RETURNING id
), forgotten AS (
    DELETE FROM sessions WHERE user_id = $2 AND expires_at < $5::timestamptz - interval '90 days'
)
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr)
SELECT $9, 'session.begin', 'session', begun.id::text, $10, $8
FROM begun
