-- Takes some of the events away that were examined over so many months ago, by provider_events_examined_idx.
-- $1 months, $2 the most events.
DELETE FROM provider_events
WHERE id IN (
    SELECT id FROM provider_events
    WHERE examined_at < now() - make_interval(months => $1::integer)
    ORDER BY examined_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
