-- Keeps others from changing a sender's routes, and claims from reading them, meanwhile: by the row of its pace, paces_pkey.
-- $1 sender.
SELECT FROM paces WHERE owner = 'sender:' || $1::uuid FOR UPDATE
