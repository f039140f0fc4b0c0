//! What an import stored, as files in a folder: parts of so many source rows, compressed with zstd, and a manifest.
//!
//! A part is two files, of contacts and of refused rows, each in the store's own format from head to tail; the manifest
//! names the statement that takes them in, so that a database's own tools are enough to read them. A part stands in the
//! manifest once it is whole and on the disk; a file that does not is left over and is no part of the backup.

mod folder;
mod manifest;
mod part;
mod reader;
mod writer;

pub use folder::{BackupFolder, SourceCopy};
