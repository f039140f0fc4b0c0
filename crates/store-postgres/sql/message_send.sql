-- Takes single messages in: each is a frozen campaign that runs, with one lane that is always open, its counts and a permit.
-- By senders_pkey, contacts_phone_national_key.
-- $1 kind, $2 sender, $3 priority, $4 who, $5 when; one entry for each in $6 campaigns, $7 names, $8 phones, $9 zones,
-- $10 segments, $11 texts.
WITH entry AS (
    SELECT *
    FROM unnest($6::uuid[], $7::text[], $8::bigint[], $9::text[], $10::int2[], $11::text[])
         WITH ORDINALITY AS entry (campaign_id, name, phone, zone, segments, body, place)
),
added AS (
    INSERT INTO campaigns (id, kind, state, name, priority, sender_id, template, segment, audience, frozen_messages,
                           price_micros_per_segment, currency, cost_micros, created_by, created_at, updated_at,
                           launched_at, permitted_at)
    SELECT entry.campaign_id, $1, 'running', entry.name, $3, senders.id, '', '{"all": []}', 1, 1,
           senders.price_micros_per_segment, senders.currency, senders.price_micros_per_segment * entry.segments, $4, $5,
           $5, $5, now()
    FROM entry
    JOIN senders ON senders.id = $2
    RETURNING id, priority
),
laned AS (
    INSERT INTO lanes (campaign_id, zone, running, next_seq, end_seq)
    SELECT added.id, entry.zone, true, 1, 2 FROM added JOIN entry ON entry.campaign_id = added.id
),
written AS (
    INSERT INTO messages (campaign_id, seq, contact_id, phone, segments, body)
    SELECT added.id, 1, (SELECT contacts.id FROM contacts WHERE contacts.phone_national = entry.phone), entry.phone,
           entry.segments, entry.body
    FROM added
    JOIN entry ON entry.campaign_id = added.id
    RETURNING campaign_id, seq, phone, state::text, reason, attempt, segments, changed_at
),
counted AS (
    INSERT INTO campaign_counts (campaign_id, shard, n)
    SELECT added.id, -1, '{1,0,0,0,0,0,0,0,0,0}' FROM added
),
permitted AS (
    INSERT INTO outbox (campaign_id, priority) SELECT added.id, added.priority FROM added
)
SELECT written.*
FROM written
JOIN entry USING (campaign_id)
ORDER BY entry.place
