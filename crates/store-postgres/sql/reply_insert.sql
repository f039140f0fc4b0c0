-- Notes that who wrote one of the words is to be answered, by the sender whose message they answered, if people can write to that one: one
-- of each meaning a number and day. By inbound_messages_event_key, campaigns_pkey, senders_pkey and replies_once_a_day.
-- $1 provider, $2 event.
INSERT INTO replies (phone, sender_id, meaning)
SELECT inbound.phone, senders.id, inbound.meaning
FROM inbound_messages AS inbound
JOIN campaigns ON campaigns.id = inbound.campaign_id
JOIN senders ON senders.id = campaigns.sender_id
WHERE inbound.provider = $1 AND inbound.event_id = $2 AND inbound.phone IS NOT NULL
  AND inbound.meaning IN ('opt_out', 'opt_in', 'help') AND senders.kind <> 'alphanumeric'
ON CONFLICT (phone, meaning, day) DO NOTHING
