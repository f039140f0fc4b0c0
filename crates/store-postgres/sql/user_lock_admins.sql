-- The enabled admins, for nobody else to change meanwhile; always in one order, so that two who change do not wait for each
-- other. Users are few: no index.
SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE
