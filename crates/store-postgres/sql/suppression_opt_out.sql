-- Somebody wrote that they want nothing more; keyed by phone, by suppressions_pkey. The contact shows it, by
-- contacts_phone_national_key.
WITH suppressed AS (
    INSERT INTO suppressions (phone_national, source, reason, created_by)
    VALUES ($1, 'opt_out', 'written by the number itself', 'inbound')
    ON CONFLICT DO NOTHING
)
UPDATE contacts SET status = 'OPTED_OUT', opt_out_at = now(), updated_at = now()
WHERE phone_national = $1 AND opt_out_at IS NULL
