-- Who waits for an answer, the first first, by replies_waiting_idx. One that comes half a day late is none any more; the key by which
-- it is sent once is kept for a day.
-- $1 the most.
SELECT id, phone, meaning, sender_id FROM replies WHERE outcome IS NULL AND created_at > now() - interval '12 hours' ORDER BY id LIMIT $1
