-- What people wrote, the latest first, by inbound_messages_pkey; that of one number by inbound_messages_phone_idx, what waits
-- for somebody to look at it by inbound_messages_unreviewed_idx; the planner knows the values.
-- $1 behind which, $2 how many, $3 phone, $4 whether only what waits.
SELECT *
FROM inbound_messages
WHERE ($1::bigint IS NULL OR id < $1)
  AND ($3::bigint IS NULL OR phone = $3)
  AND (NOT $4::boolean OR (is_doubtful AND reviewed_at IS NULL))
ORDER BY id DESC
LIMIT $2
