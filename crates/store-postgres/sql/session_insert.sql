-- Begins a session, with the audit line that says so, and forgets the user's sessions that ended long ago
-- (sessions_user_idx). It begins only while the password is the one that was shown, and the user's second factor as it was asked for
-- (users_pkey, second_factors_pkey): whoever changes one of them locks the user. sessions_family_key refuses a family that is taken.
-- $11 the hash of the password, $12 whether a second factor was shown.
WITH owner AS (
    SELECT id FROM users WHERE id = $2 AND password_hash = $11 AND disabled_at IS NULL FOR SHARE
), begun AS (
    INSERT INTO sessions (id, user_id, family_sha256, refresh_sha256, created_at, last_used_at, expires_at, user_agent,
                          remote_addr)
    SELECT $1, owner.id, $3, $4, $5, $5, $6, $7, $8
    FROM owner
    WHERE $12 = EXISTS (SELECT FROM second_factors WHERE second_factors.user_id = owner.id AND confirmed_at IS NOT NULL)
    RETURNING id
), forgotten AS (
    DELETE FROM sessions WHERE user_id = $2 AND expires_at < $5::timestamptz - interval '90 days'
)
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr)
SELECT $9, 'session.begin', 'session', begun.id::text, $10, $8
FROM begun
