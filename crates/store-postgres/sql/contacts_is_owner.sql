-- Whether the user may do to contacts what its owner may: take indexes down and build them.
SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'contacts'::regclass
