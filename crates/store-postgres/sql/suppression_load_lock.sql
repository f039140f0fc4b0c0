-- Takes the turn to load a list: two at once would wait for each other's numbers. Until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('suppression_loads', 0)) AS is_mine
