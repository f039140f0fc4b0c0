-- When a list was last loaded, by suppression_loads_source_idx.
SELECT max(loaded_at) FROM suppression_loads WHERE source = $1
