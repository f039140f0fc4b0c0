-- Somebody wrote that they want messages again: takes back what they themselves had asked, and nothing that others
-- barred. By suppressions_pkey and contacts_phone_national_key.
WITH allowed AS (
    DELETE FROM suppressions WHERE phone_national = $1 AND source = 'opt_out'
)
UPDATE contacts SET status = 'ACTIVE', opt_out_at = NULL, updated_at = now()
WHERE phone_national = $1 AND status = 'OPTED_OUT'
