-- The same change of the rows alone. $1 first and $2 last message.
UPDATE messages SET state = 'delivered', changed_at = now()
WHERE campaign_id = (SELECT id FROM campaigns WHERE name = 'recibos') AND seq BETWEEN $1 AND $2
