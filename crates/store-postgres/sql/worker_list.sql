-- All workers that are not forgotten, and how long each has told nothing.
SELECT *, extract(epoch FROM greatest(now() - seen_at, interval '0'))::double precision AS silent_s
FROM workers
ORDER BY name
