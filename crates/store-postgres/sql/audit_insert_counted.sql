-- A line of the audit log of something that was done to so many.
-- $1 actor, $2 action, $3 kind and $4 id of the object, $5 request, $6 where from, $7 how many.
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr, details)
VALUES ($1, $2, $3, $4, $5, $6::text::inet, jsonb_build_object('count', $7::bigint))
