-- Has permits published for running campaigns that have something to claim and neither a permit waiting here nor a claim:
-- what the queue held may be lost. The more campaigns run, the longer their permits may wait in the queue for their turn.
-- Carried by campaigns_live_idx, lanes_pkey and due_retry_idx.
-- $1 seconds that permits are given to be worked off, $2 permits of a campaign.
WITH idle AS (
    UPDATE campaigns SET permitted_at = now()
    WHERE campaigns.state = 'running'
      AND campaigns.permitted_at < now() - make_interval(secs => $1::float8 * (
              SELECT count(*) FROM campaigns AS others
              WHERE others.state = 'running' AND others.priority = campaigns.priority))
      AND NOT EXISTS (SELECT FROM outbox WHERE outbox.campaign_id = campaigns.id)
      AND NOT EXISTS (SELECT FROM claims WHERE claims.campaign_id = campaigns.id)
      AND (EXISTS (SELECT FROM lanes
                   WHERE lanes.campaign_id = campaigns.id AND lanes.running
                     AND lanes.next_seq < least(lanes.end_seq, lanes.gate_seq)
                     AND now() >= lanes.opens_at AND now() < lanes.closes_at)
           OR EXISTS (SELECT FROM due
                      WHERE due.campaign_id = campaigns.id AND due.kind = 'retry' AND due.not_before <= now()))
    RETURNING campaigns.id, campaigns.priority
)
INSERT INTO outbox (campaign_id, priority)
SELECT idle.id, idle.priority FROM idle CROSS JOIN generate_series(1, $2::integer)
