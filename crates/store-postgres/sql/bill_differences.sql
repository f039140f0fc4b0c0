-- The messages of a campaign that differ from what was billed for them, as many as were kept, by bill_differences_pkey.
-- $1 campaign.
SELECT seq, difference, segments, billed_segments FROM bill_differences WHERE campaign_id = $1 ORDER BY seq
