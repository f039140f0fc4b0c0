-- The line of the audit log about what was done to a user; details that are NULL are left out.
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr, details)
VALUES ($1, $2, 'user', $3, $4, $5,
        jsonb_strip_nulls(jsonb_build_object('from', $6::text, 'to', $7::text, 'sessions_ended', $8::bigint)))
