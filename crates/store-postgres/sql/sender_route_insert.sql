-- Gives a sender a route; sender_routes_pkey refuses a second one of a carrier. $1 sender, $2 carrier, $3 senders that it goes by.
INSERT INTO sender_routes (sender_id, carrier, via) VALUES ($1, $2, $3)
