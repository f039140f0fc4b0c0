-- Empties the cubes, before all is counted anew.
DELETE FROM contact_counts
