-- An extract whose time has ended and whose numbers are still here, by extracts_expires_at_idx.
SELECT id FROM extracts WHERE emptied_at IS NULL AND expires_at <= now() ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED
