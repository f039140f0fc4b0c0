-- Links of the chain in their order, each with what is hashed of its line: nine texts, or NULL where the line is gone. By
-- audit_chain_pkey and audit_log_pkey. An infinite time, which no line of ours has, is no text.
-- $1 behind which place, $2 how many.
SELECT audit_chain.place, audit_chain.line_id, audit_chain.hash,
       CASE WHEN line.id IS NOT NULL THEN
           ARRAY[line.id::text,
                 CASE WHEN isfinite(line.at) THEN (extract(epoch FROM line.at) * 1000000)::bigint::text END,
                 line.actor, line.action, line.object_kind, line.object_id, line.request_id, line.remote_addr::text,
                 line.details::text]
       END AS fields
FROM audit_chain
LEFT JOIN audit_log AS line ON line.id = audit_chain.line_id
WHERE audit_chain.place > $1
ORDER BY audit_chain.place
LIMIT $2
