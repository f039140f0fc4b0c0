//! Copies of whole files.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::{Folder, create};
use crate::{CopyError, SqliteNumbersReader};

/// A contact file, and an empty folder beside it.
fn file_and_folder() -> (Folder, PathBuf, PathBuf) {
    let folder = Folder::new();
    let (path, into) = (folder.path("numeros.db"), folder.path("copia"));
    drop(create(&path));
    fs::create_dir(&into).unwrap();
    (folder, path, into)
}

#[test]
fn a_copy_is_byte_by_byte_its_file_and_is_read_as_the_same() {
    let (_folder, path, into) = file_and_folder();
    let reader = SqliteNumbersReader::open(&path).unwrap();
    let mut bytes = 0;
    let copy = reader
        .copy_into(&into, |some| {
            bytes += some;
            true
        })
        .unwrap();
    let original = fs::read(&path).unwrap();
    assert_eq!(fs::read(into.join("numeros.db")).unwrap(), original);
    assert_eq!((copy.file.as_str(), copy.bytes), ("numeros.db", original.len() as u64));
    assert_eq!(bytes, copy.bytes * 2, "it was read once more than it was copied");
    // It is kept when it is asked for again.
    assert_eq!(reader.copy_into(&into, |_| true).unwrap(), copy);
    assert!(SqliteNumbersReader::open(&into.join("numeros.db")).is_ok());
}

#[test]
fn a_copy_that_is_given_up_has_no_name_and_the_next_one_is_whole() {
    let (_folder, path, into) = file_and_folder();
    let reader = SqliteNumbersReader::open(&path).unwrap();
    assert!(matches!(reader.copy_into(&into, |_| false), Err(CopyError::Cancelled)));
    assert!(!into.join("numeros.db").exists());
    reader.copy_into(&into, |_| true).unwrap();
    assert_eq!(fs::read(into.join("numeros.db")).unwrap(), fs::read(&path).unwrap());
}

#[test]
fn nobody_writes_to_a_file_while_it_is_copied() {
    let (_folder, path, into) = file_and_folder();
    let mut refused = None;
    let copied = SqliteNumbersReader::open(&path).unwrap().copy_into(&into, |_| {
        if refused.is_none() {
            let other = Connection::open(&path).unwrap();
            other.busy_timeout(std::time::Duration::ZERO).unwrap();
            refused = Some(other.execute("DELETE FROM numeros", []).is_err());
        }
        true
    });
    assert_eq!(refused, Some(true));
    assert!(copied.is_ok());
}

#[test]
fn another_file_in_its_place_stays_as_it_is() {
    let (_folder, path, into) = file_and_folder();
    fs::write(into.join("numeros.db"), "mine").unwrap();
    let error = SqliteNumbersReader::open(&path).unwrap().copy_into(&into, |_| true).unwrap_err().to_string();
    assert!(error.contains("another file stands there"), "{error}");
    assert_eq!(fs::read(into.join("numeros.db")).unwrap(), b"mine");
}
