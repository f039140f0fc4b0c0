-- Ends a user's session that lives, with the audit line that says so (sessions_pkey).
WITH ended AS (
    UPDATE sessions SET ended_at = $3, ended_reason = $4
    WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3
    RETURNING id
)
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr, details)
SELECT $5, 'session.end', 'session', ended.id::text, $6, $7, jsonb_build_object('reason', $4::text)
FROM ended
