-- Notes what came of answering, once, by replies_pkey.
-- $1 which, $2 outcome, $3 campaign or NULL.
UPDATE replies SET outcome = $2, campaign_id = $3 WHERE id = $1 AND outcome IS NULL
