-- What failed of late with an address, from a place and both (login_failures_pkey), and whether the address' user has begun a session
-- there in the last 90 days (users_email_key, sessions_user_idx). $1 the address, $2 the place, NULL where that is not known; one of
-- IPv6 is known by its network. $3 since when.
SELECT kind, failures, first_at, NULL::boolean AS is_familiar
FROM login_failures
WHERE (kind, key_sha256) IN (
        ('account', sha256(convert_to($1::text, 'UTF8'))),
        ('place', sha256(convert_to(coalesce(host($2::inet), ''), 'UTF8'))),
        ('pair', sha256(convert_to(concat_ws(' ', $1::text, host($2::inet)), 'UTF8'))))
  AND first_at > $3
UNION ALL
SELECT NULL, NULL, NULL,
       EXISTS (SELECT FROM sessions JOIN users ON users.id = sessions.user_id
               WHERE users.email = $1 AND sessions.created_at > now() - interval '90 days'
                 AND host($2::inet) = host(network(set_masklen(
                         sessions.remote_addr, CASE family(sessions.remote_addr) WHEN 6 THEN 64 ELSE 32 END))))
