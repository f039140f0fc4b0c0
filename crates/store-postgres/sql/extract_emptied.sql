-- An extract has no numbers any more, by extracts_pkey.
UPDATE extracts SET emptied_at = now() WHERE id = $1
