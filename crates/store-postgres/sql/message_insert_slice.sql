-- Writes the messages of a slice, each behind those of its lane, and counts them; lanes are made where they are missing. A
-- lane's block begins at 2^26 times its number. By messages_pkey, messages_phone_key, lanes_pkey.
-- $1 campaign; one entry for each in $2 contacts (NULL: none), $3 phones, $4 segments, $5 texts, $6 zones; $7 the last
-- contact that was looked at; $8 whom the slice leaves out, by reason; $9 their contacts, $10 a letter for each; $11 how
-- many of the messages go to seed numbers; $12 seconds that the freezing is held for from now on.
WITH entry AS (
    SELECT *, row_number() OVER (PARTITION BY entry.zone ORDER BY entry.place) AS place_in_lane
    FROM unnest($2::int8[], $3::int8[], $4::int2[], $5::text[], $6::text[])
         WITH ORDINALITY AS entry (contact_id, phone, segments, body, zone, place)
),
wanted AS (
    SELECT entry.zone, count(*)::integer AS messages FROM entry GROUP BY entry.zone
),
block AS (
    SELECT wanted.zone, wanted.messages,
           coalesce(lanes.block, (SELECT count(*) FROM lanes WHERE lanes.campaign_id = $1)
                                 + row_number() OVER (PARTITION BY lanes.block IS NULL ORDER BY wanted.zone) - 1)::smallint
               AS block
    FROM wanted
    LEFT JOIN lanes ON lanes.campaign_id = $1 AND lanes.zone = wanted.zone
),
lane AS (
    INSERT INTO lanes (campaign_id, zone, block, running, next_seq, end_seq)
    SELECT $1, block.zone, block.block, false, (block.block::integer << 26) + 1,
           (block.block::integer << 26) + 1 + block.messages
    FROM block
    ON CONFLICT (campaign_id, zone) DO UPDATE
    SET end_seq = lanes.end_seq + (excluded.end_seq - excluded.next_seq)
    RETURNING zone, end_seq
),
written AS (
    INSERT INTO messages (campaign_id, seq, contact_id, phone, segments, body)
    SELECT $1, lane.end_seq - wanted.messages + entry.place_in_lane - 1, entry.contact_id, entry.phone, entry.segments,
           entry.body
    FROM entry
    JOIN lane USING (zone)
    JOIN wanted USING (zone)
    ORDER BY entry.zone, entry.place_in_lane
    RETURNING segments
),
counted AS (
    INSERT INTO campaign_counts AS counts (campaign_id, shard, n)
    SELECT $1, -1, ARRAY[count(*), 0, 0, 0, 0, 0, 0, 0, 0, 0] FROM written HAVING count(*) > 0
    ON CONFLICT (campaign_id, shard) DO UPDATE
    SET n = array_cat(ARRAY[counts.n[1] + excluded.n[1]], counts.n[2:10])
),
excluded_ones AS (
    INSERT INTO message_exclusions (campaign_id, up_to, contacts, reasons)
    SELECT $1, $7, $9::int8[], $10 WHERE cardinality($9::int8[]) > 0
)
UPDATE campaigns
SET frozen_contact_id = $7,
    frozen_messages = frozen_messages + (SELECT count(*) FROM written),
    seeds = seeds + $11,
    left_out = ARRAY(SELECT before.n + added.n
                     FROM unnest(left_out) WITH ORDINALITY AS before (n, i)
                     JOIN unnest($8::int8[]) WITH ORDINALITY AS added (n, i) USING (i)
                     ORDER BY before.i),
    freezing_until = now() + make_interval(secs => $12),
    cost_micros = coalesce(cost_micros, 0) + price_micros_per_segment * (SELECT coalesce(sum(segments), 0) FROM written)
WHERE id = $1
