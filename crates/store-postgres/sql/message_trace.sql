-- What is written down of a number in a campaign: its message, or for what the freezing left its contact out. By
-- campaigns_pkey, contacts_phone_national_key, messages_phone_key and message_exclusions_pkey.
-- $1 campaign, $2 phone.
SELECT campaigns.draw_max, campaigns.audience IS NOT NULL OR campaigns.frozen_contact_id >= contacts.id AS is_passed,
       contacts.id AS contact_id, message.seq, left_out.reason
FROM campaigns
LEFT JOIN contacts ON contacts.phone_national = $2
LEFT JOIN LATERAL (
    SELECT messages.seq FROM messages WHERE messages.campaign_id = $1 AND messages.phone = $2
) AS message ON true
LEFT JOIN LATERAL (
    SELECT substr(slice.reasons, array_position(slice.contacts, contacts.id), 1) AS reason
    FROM (
        SELECT message_exclusions.contacts, message_exclusions.reasons
        FROM message_exclusions
        WHERE message_exclusions.campaign_id = $1 AND message_exclusions.up_to >= contacts.id
        ORDER BY message_exclusions.up_to
        LIMIT 1
    ) AS slice
) AS left_out ON true
WHERE campaigns.id = $1
