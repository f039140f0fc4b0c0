-- Takes permits that are due, for so long that they can be published and deleted; one whose taker died is taken again
-- after that. Carried by outbox_not_before_idx.
-- $1 the most permits, $2 seconds.
UPDATE outbox SET not_before = now() + make_interval(secs => $2)
WHERE id IN (SELECT id FROM outbox WHERE not_before <= now() ORDER BY not_before LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id, campaign_id, priority
