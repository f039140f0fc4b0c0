-- The audit line of numbers that are about to be looked up: how many, and none of them.
-- $1 who, $2 the request, $3 where from, $4 how many.
INSERT INTO audit_log (actor, action, object_kind, object_id, request_id, remote_addr, details)
VALUES ($1, 'phone.lookup', 'phones', 'lookup', $2, $3::text::inet, jsonb_build_object('numbers', $4::bigint))
