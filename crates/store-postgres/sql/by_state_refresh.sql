-- Brings contacts_by_state up to date while others read it; its owner does it, whoever asks.
SELECT refresh_contacts_by_state()
