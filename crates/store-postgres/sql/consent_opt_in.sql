-- Writes down that a number wants messages again: takes back what it had asked itself, and nothing that others barred. By
-- suppressions_pkey and contacts_phone_national_key.
-- $1 phone, $2 channel, $3 reason, $4 evidence, $5 who writes it down.
WITH noted AS (
    INSERT INTO consent_events (phone_national, kind, channel, reason, evidence, recorded_by)
    VALUES ($1, 'opt_in', $2, $3, $4, $5)
),
allowed AS (
    DELETE FROM suppressions WHERE phone_national = $1 AND source = 'opt_out'
)
UPDATE contacts
SET status = CASE status WHEN 'OPTED_OUT' THEN 'ACTIVE' ELSE status END, opt_out_at = NULL,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE phone_national = $1 AND (opt_out_at IS NOT NULL OR status = 'OPTED_OUT')
