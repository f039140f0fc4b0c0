-- Where a rollback notes, for its session, which contacts it leaves alone: none, unless it is told to.
CREATE TEMPORARY TABLE kept_contacts (contact_id bigint PRIMARY KEY)
