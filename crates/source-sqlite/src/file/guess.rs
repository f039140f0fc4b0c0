//! What a file that is no database looks like, so that its owner sees the mistake.

/// Bytes of the file's start that a guess is made from.
pub(super) const SAMPLE_BYTES: usize = 4096;

const KINDS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "it looks like a ZIP archive or an Excel workbook; unpack it first"),
    (b"\x1f\x8b", "it looks like a gzip archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "it looks like a zstd archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "it looks like a 7-Zip archive; unpack it first"),
    (b"Rar!", "it looks like a RAR archive; unpack it first"),
    (b"BZh", "it looks like a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\0", "it looks like an xz archive; unpack it first"),
    (b"%PDF", "it looks like a PDF document"),
    (b"\xd0\xcf\x11\xe0", "it looks like an old Excel or Word document"),
    (b"\0\x01\0\0Standard", "it looks like a Microsoft Access database"),
    (b"PGDMP", "it looks like a PostgreSQL dump"),
    (
        b"** This file contains an SQLite 2",
        "it is a database of SQLite 2; convert it with `sqlite OLD .dump | sqlite3 NEW`",
    ),
    (b"\x37\x7f\x06\x82", "it is the write-ahead log (-wal) of a database, not the database"),
    (b"\x37\x7f\x06\x83", "it is the write-ahead log (-wal) of a database, not the database"),
    (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "it is the journal of a database, not the database"),
    (b"version https://git-lfs", "it is a Git LFS pointer; fetch the file that it stands for"),
];

/// A clause about a file that begins with `start` and has `bytes` bytes.
pub(super) fn what_it_is(start: &[u8], bytes: u64) -> String {
    if start.is_empty() {
        return "it is empty (0 bytes)".to_owned();
    }
    if let Some((_, kind)) = KINDS.iter().find(|(magic, _)| start.starts_with(magic)) {
        return (*kind).to_owned();
    }
    if start.iter().all(|byte| *byte == 0) {
        return "it begins with zeros; the copy was probably not finished".to_owned();
    }
    if b"SQLite format 3\0".starts_with(start) {
        return format!("it was cut short after {bytes} bytes");
    }
    if let Some(text) = text_kind(start) {
        return format!("it looks like {text}");
    }
    "its header is not SQLite's: it is of another kind, or it is encrypted".to_owned()
}

fn text_kind(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Some("text in UTF-16, as spreadsheets save it");
    }
    let is_text =
        start.iter().all(|byte| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1a));
    // The sample may end within a character; Latin-1 is no UTF-8, but letters are then rare among what is ASCII.
    let ascii = start.iter().filter(|byte| byte.is_ascii()).count();
    if !is_text || ascii * 4 < start.len() * 3 {
        return None;
    }
    let trimmed = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let begins = |words: &[&[u8]]| {
        words.iter().any(|word| trimmed.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
    };
    let first_line = trimmed.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Some(if begins(&[b"PRAGMA", b"BEGIN", b"CREATE", b"INSERT", b"--"]) {
        "an SQL script; load it with `sqlite3 FILE < SCRIPT`"
    } else if begins(&[b"<!doctype", b"<html", b"<?xml", b"<"]) {
        "a page of HTML or XML; was a download refused?"
    } else if begins(&[b"{", b"["]) {
        "JSON"
    } else if first_line.iter().any(|byte| matches!(byte, b',' | b';' | b'\t' | b'|')) {
        "text in columns (CSV)"
    } else {
        "plain text"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_names_what_the_file_looks_like() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "empty"),
            (b"PK\x03\x04rest", "Excel"),
            (b"numero,nombre\n5512345678,ANA\n", "CSV"),
            (b"\xef\xbb\xbfnumero;nombre\n", "CSV"),
            (b"PRAGMA foreign_keys=OFF;\n", "SQL script"),
            (b"<!DOCTYPE html>", "HTML"),
            (b"{\"a\":1}", "JSON"),
            (b"hola", "plain text"),
            (b"SQLite form", "cut short"),
            (&[0; 64], "zeros"),
            (b"\x37\x7f\x06\x82\0\0", "write-ahead log"),
            (b"\x8a\x01\xf3\x99\xc2\xee\x07\xb1\xd5\x10", "encrypted"),
        ];
        for (start, clause) in cases {
            let said = what_it_is(start, start.len() as u64);
            assert!(said.contains(clause), "{said:?} for {start:?}");
        }
    }
}
