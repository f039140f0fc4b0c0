-- Lets another worker go on with a freezing at once, by campaigns_pkey.
-- $1 campaign, $2 the worker that had taken it.
UPDATE campaigns SET freezing_by = NULL, freezing_until = '-infinity' WHERE id = $1 AND freezing_by = $2
