-- Gives lanes whose hours are over the next ones, by lanes_pkey. One that somebody gave new hours meanwhile keeps them.
-- One entry for each in $1 campaigns, $2 zones, $3 opens, $4 closes.
UPDATE lanes SET opens_at = entry.opens_at, closes_at = entry.closes_at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS entry (campaign_id, zone, opens_at, closes_at)
WHERE lanes.campaign_id = entry.campaign_id AND lanes.zone = entry.zone AND lanes.closes_at <= now()
