-- Lines of the audit log, the first first, each with its link. By audit_log_actor_idx, audit_log_action_idx, audit_log_object_idx,
-- audit_log_kind_idx or audit_log_at_idx, whichever is narrowest; the planner knows the values. Then by audit_chain_line_key.
-- $1 behind which time and $2 id, $3 how many, $4 actor, $5 action, $6 kind of object, $7 object, $8 from, $9 until.
SELECT line.id, line.at, line.actor, line.action, line.object_kind, line.object_id, line.request_id,
       host(line.remote_addr) AS remote_addr, line.details::text AS details, audit_chain.place, audit_chain.hash
FROM (
    SELECT *
    FROM audit_log
    WHERE ($1::timestamptz IS NULL OR (at, id) > ($1, $2::bigint))
      AND ($4::text IS NULL OR actor = $4)
      AND ($5::text IS NULL OR action = $5)
      AND ($6::text IS NULL OR object_kind = $6)
      AND ($7::text IS NULL OR object_id = $7)
      AND ($8::timestamptz IS NULL OR at >= $8)
      AND ($9::timestamptz IS NULL OR at < $9)
    ORDER BY at, id
    LIMIT $3
) AS line
LEFT JOIN audit_chain ON audit_chain.line_id = line.id
ORDER BY line.at, line.id
