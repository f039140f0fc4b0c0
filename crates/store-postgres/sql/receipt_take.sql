-- Takes receipts that wait to be settled, the oldest first, out of their queue. Carried by unsettled_receipts_pkey; what is
-- locked is found again by its place, whatever the planner believes of a table that was empty a moment ago.
-- $1 the most receipts.
DELETE FROM unsettled_receipts
WHERE ctid = ANY (ARRAY(
    SELECT waiting.ctid
    FROM unsettled_receipts AS waiting
    ORDER BY waiting.id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
))
RETURNING campaign_id, seq, attempt, phone, report, reason, opted_out
