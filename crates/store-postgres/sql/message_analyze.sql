-- Has the server look at the partition that a campaign's messages stand in, by messages_pkey.
-- $1 campaign.
SELECT analyze_messages($1)
