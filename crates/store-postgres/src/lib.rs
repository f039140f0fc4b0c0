//! The ports of the domain over PostgreSQL.
