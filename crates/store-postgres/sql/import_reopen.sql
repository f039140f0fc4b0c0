-- Lets an import that stopped go on, by its primary key.
UPDATE imports SET state = 'loading', updated_at = now() WHERE id = $1 AND state IN ('loading', 'stopped')
