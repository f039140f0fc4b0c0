-- Senders with their pace: one by its id, or all by name. There are few.
SELECT senders.*, sender_paces.per_second
FROM senders
JOIN sender_paces ON sender_paces.sender_id = senders.id
WHERE $1::uuid IS NULL OR senders.id = $1
ORDER BY senders.name
LIMIT 1000
