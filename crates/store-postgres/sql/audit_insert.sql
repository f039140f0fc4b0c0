-- A line of the audit log.
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr)
VALUES ($1, $2, $3, $4, $5, $6::text::inet)
