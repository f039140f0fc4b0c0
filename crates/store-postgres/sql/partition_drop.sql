-- Drops the oldest month of messages that is over so many months old, and names it; NULL when there is none.
SELECT drop_message_partitions($1::integer)
