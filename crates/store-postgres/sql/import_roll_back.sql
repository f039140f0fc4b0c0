-- Has an import taken back, by its primary key; one that was being taken back goes on.
UPDATE imports SET state = 'rolling_back', updated_at = now() WHERE id = $1 AND state <> 'rolled_back'
