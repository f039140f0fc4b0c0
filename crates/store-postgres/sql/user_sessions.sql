-- The living sessions of a user (sessions_user_idx).
SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
