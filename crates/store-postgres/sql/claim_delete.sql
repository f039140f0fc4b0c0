-- Ends a claim whose work is all recorded, by claims_pkey.
DELETE FROM claims WHERE id = $1
