-- Ends the living sessions of a user, but for one where that is named, and says which they were (sessions_user_idx).
UPDATE sessions SET ended_at = $2, ended_reason = $3
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id IS DISTINCT FROM $4
RETURNING id
