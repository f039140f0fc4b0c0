-- Who waits for an answer, the first first, by replies_waiting_idx.
-- $1 the most.
SELECT id, phone, meaning, sender_id FROM replies WHERE outcome IS NULL ORDER BY id LIMIT $1
