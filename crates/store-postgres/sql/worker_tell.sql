-- Writes down what a worker tells of itself, by workers_pkey.
-- $1 name, $2 host, $3 version, $4 started at, $5 calls under way, $6 claims, $7 messages since it started, $8 whether it ends.
INSERT INTO workers AS known (name, host, version, started_at, in_flight, claims, sent, is_draining)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE
SET seen_at = now(), in_flight = excluded.in_flight, claims = excluded.claims, sent = excluded.sent,
    is_draining = excluded.is_draining,
    sent_per_s = greatest(excluded.sent - known.sent, 0)
                 / greatest(extract(epoch FROM now() - known.seen_at)::double precision, 0.001)
