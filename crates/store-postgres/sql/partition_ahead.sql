-- Whether the messages of next month's campaigns have a partition (ensure_message_partitions names them so).
SELECT to_regclass('messages_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')) IS NOT NULL
