-- Compares the database with the one it was when it was last looked at, and notes it. Where it is another, every campaign that
-- would send is paused first: what was sent since the backup is not known. A row where it is new or another. Whoever asks
-- at the same time waits, and finds it noted. By database_identity_pkey, campaigns_live_idx and lanes_pkey.
WITH found AS (
    SELECT system.system_identifier, line.timeline_id, line.database_oid
    FROM pg_control_system() AS system, database_line() AS line
),
noted AS (
    INSERT INTO database_identity AS known (system_identifier, timeline_id, database_oid)
    SELECT found.system_identifier, found.timeline_id, found.database_oid FROM found
    ON CONFLICT (is_only) DO UPDATE
    SET system_identifier = excluded.system_identifier, timeline_id = excluded.timeline_id,
        database_oid = excluded.database_oid, noted_at = now()
    WHERE (known.system_identifier, known.timeline_id, known.database_oid)
          IS DISTINCT FROM (excluded.system_identifier, excluded.timeline_id, excluded.database_oid)
    RETURNING xmax <> 0 AS is_another
),
paused AS (
    -- One that was only scheduled counts as launched: whoever resumes it sends it.
    UPDATE campaigns
    SET state = 'paused', state_reason = 'restored from backup', version = campaigns.version + 1, updated_at = now(),
        launched_at = coalesce(campaigns.launched_at, now()), freezing_until = '-infinity',
        price_micros_per_segment = coalesce(campaigns.price_micros_per_segment, senders.price_micros_per_segment)
    FROM noted, senders
    WHERE noted.is_another AND campaigns.state IN ('scheduled', 'preparing', 'running')
      AND senders.id = campaigns.sender_id
    RETURNING campaigns.id
),
stopped AS (
    UPDATE lanes SET running = false FROM paused WHERE lanes.campaign_id = paused.id
),
forgotten AS (
    DELETE FROM outbox USING paused WHERE outbox.campaign_id = paused.id
),
audited AS (
    INSERT INTO audit_log (actor, action, object_kind, object_id, details)
    SELECT 'worker', 'campaign.pause', 'campaign', paused.id::text,
           jsonb_build_object('reason', 'restored from backup')
    FROM paused
)
SELECT noted.is_another, (SELECT count(*) FROM paused) AS paused FROM noted
