-- Locks a campaign that is being prepared and has been frozen up to a contact, by campaigns_pkey.
-- $1 campaign, $2 the contact.
SELECT frozen_messages FROM campaigns WHERE id = $1 AND state = 'preparing' AND frozen_contact_id = $2 FOR UPDATE
