-- Updates of the partition that a campaign's messages are in, those among them that left the indexes alone, and the size
-- of the indexes. $1 campaign.
SELECT stats.n_tup_upd, stats.n_tup_hot_upd,
       (SELECT sum(pg_relation_size(indexrelid))::bigint FROM pg_index WHERE indrelid = stats.relid)
FROM pg_stat_user_tables AS stats
WHERE stats.relid = (SELECT tableoid FROM messages WHERE campaign_id = $1::text::uuid LIMIT 1)
