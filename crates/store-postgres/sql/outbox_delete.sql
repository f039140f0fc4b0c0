-- Forgets permits that the broker has confirmed, by outbox_pkey.
DELETE FROM outbox WHERE id = ANY($1)
