-- The statements that make a login of a group, or change the password of one that is there; names and the password's verifier are
-- quoted by the server.
-- $1 name, $2 verifier of the password, $3 group, $4 the other group, $5 whether the login is there.
SELECT format(CASE WHEN $5::boolean THEN 'ALTER ROLE %1$I LOGIN PASSWORD %2$L'
                   ELSE 'CREATE ROLE %1$I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION INHERIT PASSWORD %2$L' END,
              $1::text, $2::text)
       || format('; GRANT %1$I TO %2$I', $3::text, $1::text)
       || CASE WHEN pg_has_role((SELECT oid FROM pg_roles WHERE rolname = $1), $4::text, 'MEMBER')
               THEN format('; REVOKE %1$I FROM %2$I', $4::text, $1::text) ELSE '' END AS statements
