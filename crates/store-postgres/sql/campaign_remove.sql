-- Removes a draft, by campaigns_pkey.
-- $1 campaign.
DELETE FROM campaigns WHERE id = $1 AND state = 'draft'
