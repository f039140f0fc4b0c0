-- Run once by the administrator, in the database of Pregón: what needs more rights than the migrator has.
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
