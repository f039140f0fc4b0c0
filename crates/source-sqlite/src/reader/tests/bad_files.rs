use std::fs;

use super::*;

fn refusal(path: &Path) -> SourceError {
    SqliteNumbersReader::open(path).expect_err("the file is no good")
}

fn says(error: &SourceError, clauses: &[&str]) {
    let shown = error.to_string();
    for clause in clauses {
        assert!(shown.contains(clause), "{shown:?} does not say {clause:?}");
    }
}

#[test]
fn a_missing_file_is_missing_and_stays_so() {
    let folder = Folder::new();
    let error = refusal(&folder.path("numeros.db"));
    assert!(matches!(error, SourceError::Missing { .. }));
    assert!(folder.names().is_empty());
}

#[test]
fn a_folder_is_no_file() {
    let folder = Folder::new();
    let error = refusal(folder.0.path());
    assert!(matches!(error, SourceError::Unreadable { .. }));
    says(&error, &["folder"]);
}

#[test]
fn a_file_under_a_file_is_not_there() {
    let folder = Folder::new();
    fs::write(folder.path("a"), "x").unwrap();
    let error = refusal(&folder.path("a").join("numeros.db"));
    assert!(matches!(error, SourceError::Missing { .. } | SourceError::Unreadable { .. }));
}

#[test]
fn what_is_no_database_is_told_by_what_it_looks_like() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..4_096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let cases: [(&[u8], &str); 4] = [
        (b"", "empty (0 bytes)"),
        (b"id,numero\n1,5512345678\n", "CSV"),
        (b"PK\x03\x04", "Excel"),
        (&noise, "or it is encrypted"),
    ];
    for (content, clause) in cases {
        let path = folder.path("numeros.db");
        fs::write(&path, content).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, SourceError::NotSqlite { .. }), "{error}");
        says(&error, &[clause]);
    }
}

#[test]
fn a_file_that_was_cut_short_is_damaged() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=2_000);
    let whole = fs::read(&path).unwrap();
    for bytes in [whole.len() - 1, whole.len() / 2, 4_096, 100, 50] {
        fs::write(&path, &whole[..bytes]).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, SourceError::Damaged { .. }), "{bytes} bytes: {error}");
        says(&error, &["cut short", ".recover"]);
    }
}

#[test]
fn a_damaged_schema_is_damage() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=10);
    let mut content = fs::read(&path).unwrap();
    content[100..400].fill(0xee);
    fs::write(&path, &content).unwrap();
    assert!(matches!(refusal(&path), SourceError::Damaged { .. }));
    content[16] = 3;
    fs::write(&path, &content).unwrap();
    let error = refusal(&path);
    assert!(matches!(error, SourceError::Damaged { .. }));
    says(&error, &["pages of"]);
}

#[test]
fn another_shape_is_refused_by_what_is_missing() {
    let folder = Folder::new();
    let without_text = columns().replace(", lada", "").replace(", nombre", "");
    let cases = [
        ("CREATE TABLE contactos (id INTEGER)".to_owned(), vec!["no table numeros", "contactos"]),
        ("SELECT 1".to_owned(), vec!["empty (0 bytes)"]),
        (
            format!("CREATE TABLE numeros ({without_text})"),
            vec!["no column nombre, lada;", "it has id, numero"],
        ),
        (
            format!("CREATE TABLE a ({}); CREATE VIEW numeros AS SELECT * FROM a", columns()),
            vec!["numeros is a view"],
        ),
        (
            format!("CREATE TABLE numeros ({})", columns().replace(" PRIMARY KEY", "")),
            vec!["INTEGER PRIMARY KEY"],
        ),
        (
            format!("CREATE TABLE numeros ({})", columns().replace("INTEGER", "INT")),
            vec!["INTEGER PRIMARY KEY"],
        ),
        (format!("CREATE TABLE numeros ({}) WITHOUT ROWID", columns()), vec!["INTEGER PRIMARY KEY"]),
        (
            format!("CREATE TABLE numeros ({})", columns().replace("PRIMARY KEY", "PRIMARY KEY DESC")),
            vec!["INTEGER PRIMARY KEY"],
        ),
    ];
    for (at, (schema, clauses)) in cases.iter().enumerate() {
        let path = folder.path(&format!("{at}.db"));
        Connection::open(&path).unwrap().execute_batch(schema).unwrap();
        says(&refusal(&path), clauses);
    }
}

#[test]
fn columns_may_come_in_any_order_and_among_others() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    let mut names: Vec<_> = SourceColumn::ALL.into_iter().map(SourceColumn::name).collect();
    names.reverse();
    names.insert(3, "extra");
    let connection = Connection::open(&path).unwrap();
    let declared = names.join(", ").replace(", id", ", ID INTEGER PRIMARY KEY");
    connection.execute_batch(&format!("CREATE TABLE Numeros ({declared})")).unwrap();
    fill(&connection, [7]);
    let (batches, failed) = block_on(read(&path, range(0, None, 10)));
    assert_eq!(failed, None);
    let row = batches[0].rows().next().unwrap();
    assert_eq!(row.id(), 7);
    assert_eq!(row.get(SourceColumn::Nombre), SourceValue::Text(b"NOMBRE 7"));
}

#[test]
fn changes_in_a_write_ahead_log_beside_the_file_are_not_passed_over() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    let writer = create(&path);
    writer.pragma_update(None, "journal_mode", "WAL").unwrap();
    fill(&writer, 1..=10);
    let error = refusal(&path);
    assert!(matches!(error, SourceError::Unreadable { .. }));
    says(&error, &["numeros.db-wal", "wal_checkpoint"]);

    drop(writer);
    assert_eq!(folder.names(), ["numeros.db"]);
    let (batches, failed) = block_on(read(&path, range(0, None, 4)));
    assert_eq!((ids(&batches).len(), failed), (10, None));
    assert_eq!(folder.names(), ["numeros.db"], "nothing is left beside the file");

    fs::write(folder.path("numeros.db-wal"), "").unwrap();
    assert!(SqliteNumbersReader::open(&path).is_ok(), "an empty log holds nothing");
}

#[test]
fn an_unfinished_change_beside_the_file_is_not_passed_over() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=10);
    let journal = folder.path("numeros.db-journal");
    fs::write(&journal, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7").unwrap();
    let error = refusal(&path);
    assert!(matches!(error, SourceError::Unreadable { .. }));
    says(&error, &["numeros.db-journal", "not finished"]);
    for ended in [&b""[..], &[0; 512]] {
        fs::write(&journal, ended).unwrap();
        assert!(SqliteNumbersReader::open(&path).is_ok(), "a journal that was ended holds nothing");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_what_stands_beside_its_file() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=10);
    let link = folder.path("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(SqliteNumbersReader::open(&link).is_ok());
    fs::write(folder.path("numeros.db-journal"), b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7").unwrap();
    assert!(matches!(refusal(&link), SourceError::Unreadable { .. }));
}

#[test]
fn a_damaged_page_in_the_middle_ends_the_stream_after_the_last_good_row() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=20_000);
    let mut content = fs::read(&path).unwrap();
    let middle = content.len() / 2 / 4_096 * 4_096;
    content[middle..middle + 4_096].fill(0);
    fs::write(&path, &content).unwrap();

    let (batches, failed) = block_on(read(&path, range(0, None, 1_000)));
    let ids = ids(&batches);
    let last = *ids.last().unwrap();
    assert_eq!(ids, (1..=last).collect::<Vec<_>>());
    assert!(ids.len() > 5_000 && ids.len() < 15_000);
    let error = failed.unwrap();
    assert!(matches!(error, SourceError::Damaged { .. }));
    says(&error, &[&format!("after id {last}, the last that is good")]);
}
