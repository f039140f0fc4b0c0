-- Campaigns whose messages went, or go, to contacts of an import, the largest first.
SELECT campaigns.id, campaigns.name, count(*) AS messages
FROM contacts
JOIN messages ON messages.contact_id = contacts.id
JOIN campaigns ON campaigns.id = messages.campaign_id
WHERE contacts.import_id = $1
GROUP BY campaigns.id, campaigns.name
ORDER BY messages DESC, campaigns.id
LIMIT 20
