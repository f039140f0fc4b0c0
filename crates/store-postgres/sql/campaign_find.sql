-- One campaign, by campaigns_pkey.
SELECT * FROM campaigns WHERE id = $1
