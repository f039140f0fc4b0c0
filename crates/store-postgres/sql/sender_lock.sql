-- Keeps others from changing a sender or its routes meanwhile, by senders_pkey. $1 sender.
SELECT FROM senders WHERE id = $1 FOR NO KEY UPDATE
