-- Makes the partitions of this month and of so many after it where they are missing, and counts them.
SELECT ensure_message_partitions($1::integer)
