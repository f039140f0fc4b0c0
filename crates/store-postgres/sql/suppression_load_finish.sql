-- Notes what a load came to, by suppression_loads_pkey.
-- $1 id, $2 added, $3 already there, $4 refused.
UPDATE suppression_loads SET added = $2, already_there = $3, refused = $4 WHERE id = $1
