-- Takes some of what people wrote away that came over so many months ago, by inbound_messages_pkey, for ids go by time.
-- $1 months, $2 the most.
DELETE FROM inbound_messages
WHERE ctid = ANY (ARRAY(
    SELECT old.ctid
    FROM (SELECT ctid, received_at FROM inbound_messages ORDER BY id LIMIT $2) AS old
    WHERE old.received_at < now() - make_interval(months => $1::integer)
))
