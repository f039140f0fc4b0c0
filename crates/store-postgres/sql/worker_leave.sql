-- Forgets a worker that has ended, by workers_pkey.
DELETE FROM workers WHERE name = $1
