-- Notes that the bill of a campaign is whole, by campaigns_pkey.
-- $1 campaign.
UPDATE campaigns SET is_billed = true WHERE id = $1
