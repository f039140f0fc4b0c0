-- How many numbers the server reckons to have been in an extract since $1, without counting.
EXPLAIN (FORMAT JSON)
SELECT FROM contact_activity WHERE last_extracted_at >= $1::timestamptz
