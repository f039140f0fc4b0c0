-- Writes down that a number wants nothing more, and bars it; by suppressions_pkey and contacts_phone_national_key.
-- $1 phone, $2 channel, $3 reason, $4 evidence, $5 who writes it down.
WITH noted AS (
    INSERT INTO consent_events (phone_national, kind, channel, reason, evidence, recorded_by)
    VALUES ($1, 'opt_out', $2, $3, $4, $5)
),
suppressed AS (
    INSERT INTO suppressions (phone_national, source, reason, channel, created_by)
    VALUES ($1, 'opt_out', $3, $2, $5)
    ON CONFLICT DO NOTHING
)
UPDATE contacts
SET status = CASE status WHEN 'BLOCKED' THEN 'BLOCKED' ELSE 'OPTED_OUT' END, opt_out_at = now(),
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE phone_national = $1 AND opt_out_at IS NULL
