-- Takes the turn to do something that one does for all, if nobody did within so many seconds. By turns_pkey.
-- $1 what, $2 seconds.
UPDATE turns SET taken_at = now() WHERE name = $1 AND taken_at <= now() - make_interval(secs => $2)
