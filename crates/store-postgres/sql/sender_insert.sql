-- Adds a sender and its pace; senders_name_key refuses a name that is taken.
WITH added AS (
    INSERT INTO senders (id, name, provider, kind, value, price_micros_per_segment, currency, identity, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9)
    RETURNING id
)
INSERT INTO paces (owner, per_second) SELECT 'sender:' || added.id, $10 FROM added
