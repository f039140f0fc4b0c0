-- How many keys live at an instant. Keys are few: no index.
SELECT count(*) AS living FROM api_keys WHERE revoked_at IS NULL AND expires_at > $1
