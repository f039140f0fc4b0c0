-- Senders with their pace: one by its id, or all by name. There are few.
SELECT senders.*, paces.per_second
FROM senders
JOIN paces ON paces.owner = 'sender:' || senders.id
WHERE $1::uuid IS NULL OR senders.id = $1
ORDER BY senders.name
LIMIT 1000
