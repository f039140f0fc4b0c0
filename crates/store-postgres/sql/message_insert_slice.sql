-- Writes the messages of a slice behind those that are there, and counts them.
-- $1 campaign, $2 messages before; one entry for each in $3 contacts, $4 phones, $5 segments, $6 texts; $7 the last
-- contact that was looked at.
WITH written AS (
    INSERT INTO messages (campaign_id, seq, contact_id, phone, segments, body)
    SELECT $1, $2::integer + entry.place, entry.contact_id, entry.phone, entry.segments, entry.body
    FROM unnest($3::int8[], $4::int8[], $5::int2[], $6::text[])
         WITH ORDINALITY AS entry (contact_id, phone, segments, body, place)
    RETURNING segments
),
counted AS (
    INSERT INTO campaign_counts AS counts (campaign_id, shard, n)
    SELECT $1, -1, ARRAY[count(*), 0, 0, 0, 0, 0, 0, 0, 0, 0] FROM written HAVING count(*) > 0
    ON CONFLICT (campaign_id, shard) DO UPDATE
    SET n = array_cat(ARRAY[counts.n[1] + excluded.n[1]], counts.n[2:10])
)
UPDATE campaigns
SET frozen_contact_id = $7,
    frozen_messages = $2::integer + (SELECT count(*) FROM written),
    cost_micros = coalesce(cost_micros, 0) + price_micros_per_segment * (SELECT coalesce(sum(segments), 0) FROM written)
WHERE id = $1
