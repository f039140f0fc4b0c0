-- Takes a sender's routes away, by sender_routes_pkey. $1 sender.
DELETE FROM sender_routes WHERE sender_id = $1
