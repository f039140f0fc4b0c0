//! The caches of the domain over Redis.
