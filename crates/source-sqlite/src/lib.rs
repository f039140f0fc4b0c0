//! Reads numeros.db, and writes synthetic ones.
