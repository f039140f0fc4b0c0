-- Everybody may be written to again.
DELETE FROM suppressions;
UPDATE contacts SET status = 'ACTIVE', opt_out_at = NULL WHERE opt_out_at IS NOT NULL;
