-- How the engine stands: leases, what is due, permits to be published, what waits to be claimed, and how fast it goes. Small
-- tables are read whole; lanes of running campaigns by lanes_pkey.
SELECT lease.leases, lease.oldest_lease_s, waiting.retry AS due_retry, waiting.receipt AS due_receipt,
       waiting.uncertain AS due_uncertain, permits.outbox_waiting, permits.outbox_oldest_s, unclaimed.oldest_waiting_s,
       pace.sent_per_s
FROM (SELECT count(*) AS leases, extract(epoch FROM now() - min(claimed_at))::double precision AS oldest_lease_s
      FROM claims) AS lease,
     (SELECT coalesce(sum(entry.messages) FILTER (WHERE entry.kind = 'retry'), 0)::bigint AS retry,
             coalesce(sum(entry.messages) FILTER (WHERE entry.kind = 'receipt'), 0)::bigint AS receipt,
             coalesce(sum(entry.messages) FILTER (WHERE entry.kind = 'uncertain'), 0)::bigint AS uncertain
      FROM (SELECT due.kind, upper(part) - lower(part) AS messages FROM due CROSS JOIN unnest(due.seqs) AS part) AS entry
     ) AS waiting,
     (SELECT count(*) AS outbox_waiting,
             extract(epoch FROM now() - min(not_before))::double precision AS outbox_oldest_s
      FROM outbox WHERE not_before <= now()) AS permits,
     (SELECT extract(epoch FROM now() - min(greatest(coalesce(campaigns.launched_at, campaigns.created_at), lanes.opens_at)))
                 ::double precision AS oldest_waiting_s
      FROM campaigns
      JOIN lanes ON lanes.campaign_id = campaigns.id
      WHERE campaigns.state = 'running' AND lanes.running AND now() >= lanes.opens_at AND now() < lanes.closes_at
        AND lanes.next_seq < least(lanes.end_seq, lanes.gate_seq)) AS unclaimed,
     (SELECT coalesce(sum(workers.sent_per_s), 0)::double precision AS sent_per_s
      FROM workers WHERE workers.seen_at > now() - interval '1 minute') AS pace
