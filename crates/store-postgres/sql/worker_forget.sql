-- Forgets the workers that have told nothing for so many seconds.
DELETE FROM workers WHERE seen_at < now() - make_interval(secs => $1)
