//! The ports of the domain over PostgreSQL.
//!
//! The one room that speaks SQL. One statement a file in `sql/`; rows are decoded next to where they are asked for; no
//! type of the driver leaves. SQLSTATE decides what an error means to the caller, its text never.

mod contact;
mod copy;
mod database;
mod error;
mod identity;
mod import;
mod schema;
mod session;

pub use contact::PostgresContactStore;
pub use database::{Database, DatabaseOptions};
pub use identity::PostgresIdentityStore;
pub use import::{BulkLoad, PostgresImportStore};
pub use schema::{Migration, Schema, SchemaState, SchemaStatus};
pub use session::PostgresSessionStore;
