-- Holds a claim that may be over by now, by claims_pkey.
SELECT FROM claims WHERE id = $1 FOR UPDATE
