//! Rows, batches and files to test with.

mod batch;
mod contact;
mod row;

pub use batch::{batch_of, phone, rows_numbered, sorted, sorted_after, source_of};
pub use contact::contact;
pub use row::{Row, Value};
