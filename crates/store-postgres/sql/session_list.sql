-- A user's sessions that live at an instant, the last begun first (sessions_user_idx).
SELECT id, created_at, last_used_at, expires_at, user_agent, remote_addr
FROM sessions
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
ORDER BY created_at DESC, id DESC
LIMIT $3
