-- Whether there is a role of a name, and whether it may more than a program should: it is a superuser, may make roles or databases, or
-- has what the owner of the schema has. By pg_authid's index on the name.
-- $1 name.
SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
       OR pg_has_role(oid, (SELECT relowner FROM pg_class WHERE oid = 'audit_log'::regclass), 'MEMBER') AS is_powerful
FROM pg_roles
WHERE rolname = $1
