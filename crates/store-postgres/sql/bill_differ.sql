-- Keeps messages that differ from what was billed for them, as many as there is room for. By bill_differences_pkey.
-- One entry for each message in $2 seqs, $3 differences, $4 segments, $5 billed segments; $1 campaign, $6 the most that are kept.
INSERT INTO bill_differences (campaign_id, seq, difference, segments, billed_segments)
SELECT $1, entry.seq, entry.difference, entry.segments, entry.billed_segments
FROM unnest($2::int4[], $3::text[], $4::int2[], $5::int4[]) AS entry (seq, difference, segments, billed_segments)
ORDER BY entry.seq
LIMIT greatest(0, $6 - (SELECT count(*) FROM bill_differences WHERE bill_differences.campaign_id = $1))
ON CONFLICT DO NOTHING
