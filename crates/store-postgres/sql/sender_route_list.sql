-- The routes of a sender, by sender_routes_pkey; that of any carrier comes first. $1 sender.
SELECT carrier, via FROM sender_routes WHERE sender_id = $1 ORDER BY carrier
