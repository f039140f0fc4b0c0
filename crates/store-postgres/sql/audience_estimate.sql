-- What the server reckons that a segment means, without counting. The segment's condition takes the place of the marker.
EXPLAIN (FORMAT JSON)
SELECT FROM contacts AS c WHERE TRUE /* segment */
