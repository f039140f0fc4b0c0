-- Lets one at a time count the files that come in and add to them; jobs that wait are counted by themselves (job_lock_all.sql).
SELECT pg_advisory_xact_lock(hashtext('uploads'))
