-- Writes the plan of a campaign that is still of the version before: all of a draft's, the limits of one that runs, with
-- its pace. By campaigns_pkey and paces_pkey.
-- $1 campaign, $2 version, $3 name, $4 priority, $5 sender, $6 template, $7 transliterate, $8 segment, $9 settings,
-- $10 saved segment, $11 its version, $12 now, $13 schedule at, $14 messages a second or NULL.
WITH changed AS (
    UPDATE campaigns
    SET version = $2, name = $3, priority = $4, sender_id = senders.id, template = $6, transliterate = $7,
        segment = $8::text::jsonb, settings = $9::text::jsonb, segment_id = $10, segment_version = $11, updated_at = $12,
        schedule_at = $13,
        price_micros_per_segment = CASE WHEN campaigns.launched_at IS NULL THEN senders.price_micros_per_segment
                                        ELSE campaigns.price_micros_per_segment END
    FROM senders
    WHERE campaigns.id = $1 AND campaigns.version = $2 - 1 AND senders.id = $5
    RETURNING campaigns.*
),
paced AS (
    INSERT INTO paces (owner, per_second)
    SELECT 'campaign:' || changed.id, $14::float8
    FROM changed
    WHERE $14::float8 IS NOT NULL AND changed.launched_at IS NOT NULL
    ON CONFLICT (owner) DO UPDATE SET per_second = excluded.per_second, next_free_at = least(paces.next_free_at, now())
),
unpaced AS (
    DELETE FROM paces USING changed WHERE paces.owner = 'campaign:' || changed.id AND $14::float8 IS NULL
)
SELECT * FROM changed
