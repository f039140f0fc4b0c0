-- Adds a draft, at its sender's price.
INSERT INTO campaigns (id, state, name, priority, sender_id, template, transliterate, segment, settings,
                       segment_id, segment_version,
                       price_micros_per_segment, currency, created_by, created_at, updated_at, schedule_at)
SELECT $1, 'draft', $2, $3, senders.id, $5, $6, $7::text::jsonb, $8::text::jsonb, $9, $10,
       senders.price_micros_per_segment, senders.currency, $11, $12, $12, $13
FROM senders
WHERE senders.id = $4
RETURNING campaigns.*
