//! Reads `numeros.db`, the contact file, and writes synthetic ones in its exact shape.
//!
//! The only room that links SQLite; no type of its driver leaves it. [`SqliteNumbersReader`] implements
//! [`domain::port::SourceReader`]; [`sample`] makes the files that tests, the demo and benchmarks read. Nothing here
//! knows what a valid number is: rows leave as they are stored.

mod failure;
mod file;
mod reader;
pub mod sample;

pub use reader::{CheckedCopy, CopyError, SqliteNumbersReader};
