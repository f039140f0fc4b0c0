-- Campaigns from the newest on, by campaigns_listed_idx: neither single messages nor tests.
-- $1 below which, or NULL, $2 how many.
SELECT * FROM campaigns WHERE kind = 'campaign' AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2
