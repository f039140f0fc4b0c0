-- Lets one at a time count the jobs that wait and add to them.
SELECT pg_advisory_xact_lock(hashtext('jobs'))
