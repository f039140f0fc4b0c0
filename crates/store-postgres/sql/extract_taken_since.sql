-- How many numbers somebody has taken since a time, by extracts_created_by_idx.
SELECT coalesce(sum(numbers), 0)::bigint AS numbers FROM extracts WHERE created_by = $1 AND created_at >= $2
