-- Notes what somebody decided of what was written, by inbound_messages_pkey. $1 which, $2 what, $3 who.
UPDATE inbound_messages
SET decision = $2, reviewed_by = $3, reviewed_at = now()
WHERE id = $1
RETURNING *
