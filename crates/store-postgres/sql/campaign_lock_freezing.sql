-- Locks a campaign that is being prepared by this worker and has been frozen up to a contact, by campaigns_pkey.
-- $1 campaign, $2 the contact, $3 the worker.
SELECT frozen_messages FROM campaigns
WHERE id = $1 AND state = 'preparing' AND frozen_contact_id = $2 AND freezing_by = $3
FOR UPDATE
