-- Completes the frozen campaigns, running or paused, that have nothing left to claim and whose messages are all final. The counts are changed
-- with the messages, so they tell. Carried by campaigns_live_idx, lanes_pkey and campaign_counts_pkey.
WITH complete AS (
    UPDATE campaigns SET state = 'completed', finished_at = now(), updated_at = now(), version = version + 1
    WHERE campaigns.state IN ('running', 'paused') AND campaigns.audience IS NOT NULL
      AND NOT EXISTS (SELECT FROM lanes WHERE lanes.campaign_id = campaigns.id AND lanes.next_seq < lanes.end_seq)
      AND (SELECT coalesce(sum(counts.n[1] + counts.n[2] + counts.n[3] + counts.n[7]), 0)
           FROM campaign_counts AS counts
           WHERE counts.campaign_id = campaigns.id) = 0
    RETURNING campaigns.id
)
INSERT INTO audit_log (actor, action, object_kind, object_id)
SELECT 'worker', 'campaign.complete', 'campaign', complete.id::text FROM complete
