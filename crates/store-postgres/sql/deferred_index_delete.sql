-- Forgets a definition in the transaction that built it.
DELETE FROM deferred_indexes WHERE name = $1
