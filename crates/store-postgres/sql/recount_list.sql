-- Campaigns whose counts are compared with their messages: those that live, and those that ended within so many seconds.
SELECT id
FROM campaigns
WHERE state IN ('preparing', 'running', 'paused') OR finished_at > now() - make_interval(secs => $1)
ORDER BY id
