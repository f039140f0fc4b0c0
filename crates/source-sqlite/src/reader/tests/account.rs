use super::*;

#[test]
fn a_description_stays_while_the_file_does_and_changes_with_its_rows() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    let connection = create(&path);
    for journal in ["DELETE", "WAL"] {
        connection.pragma_update(None, "journal_mode", journal).unwrap();
        connection.execute_batch("DELETE FROM numeros").unwrap();
        fill(&connection, [3, 9]);
        let settle = || {
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        };
        let describe = || block_on(SqliteNumbersReader::open(&path).unwrap().describe()).unwrap();
        settle();
        let first = describe();
        assert_eq!((first.rows, first.last_id, first.file_name.as_str()), (2, 9, "numeros.db"));
        assert_eq!(first.file_bytes, std::fs::metadata(&path).unwrap().len());
        assert_eq!(first.fingerprint.len(), 64);
        assert_eq!(describe(), first);
        connection.execute_batch("UPDATE numeros SET nombre = 'NOMBRE 4' WHERE id = 3").unwrap();
        settle();
        let second = describe();
        assert_ne!(second.fingerprint, first.fingerprint, "{journal}");
        assert_eq!((second.rows, second.last_id), (2, 9));
    }
}

#[test]
fn two_files_that_were_made_alike_are_two_files() {
    let folder = Folder::new();
    let describe = |name: &str, address: &str| {
        let path = folder.path(name);
        let connection = create(&path);
        fill(&connection, [3, 9]);
        connection.execute("UPDATE numeros SET direccion = ?1 WHERE id = 9", [address]).unwrap();
        drop(connection);
        block_on(SqliteNumbersReader::open(&path).unwrap().describe()).unwrap()
    };
    let (one, other) = (describe("one.db", "CALLE A 1"), describe("other.db", "CALLE B 2"));
    assert_eq!((one.file_bytes, one.rows, one.last_id), (other.file_bytes, other.rows, other.last_id));
    assert_ne!(one.fingerprint, other.fingerprint);
}

#[test]
fn the_description_of_an_empty_table_has_no_last_id() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    create(&path);
    let described = block_on(SqliteNumbersReader::open(&path).unwrap().describe()).unwrap();
    assert_eq!((described.rows, described.last_id), (0, 0));
}

#[test]
fn a_file_without_accounts_has_none() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    create(&path);
    let reader = SqliteNumbersReader::open(&path).unwrap();
    assert_eq!(block_on(reader.statistics()).unwrap(), []);
    assert_eq!(block_on(reader.missing_ladas()).unwrap(), []);
}

#[test]
fn accounts_are_read_whatever_their_cells_are_stored_as() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    create(&path)
        .execute_batch(
            "CREATE TABLE estadisticas_migracion (id INTEGER PRIMARY KEY, archivo_origen, total_procesados, total_validos,
                 total_con_ciudad INTEGER, ladas_encontradas, tiempo_procesamiento_segundos REAL, Fecha_Migracion);
             INSERT INTO estadisticas_migracion
                 VALUES (4, 'lista.csv', '36653021', 36645692, x'E936130100000000', 98.0, 12.5, '2025-07-15 14:00:00');
             CREATE TABLE ladas_faltantes (lada TEXT PRIMARY KEY, cantidad_registros, ejemplos_numeros) WITHOUT ROWID;
             INSERT INTO ladas_faltantes VALUES ('553', '12', 5531234567), ('552', x'0700000000000000', NULL);",
        )
        .unwrap();
    let reader = SqliteNumbersReader::open(&path).unwrap();
    let statistics = block_on(reader.statistics()).unwrap();
    let [only] = statistics.as_slice() else { panic!("{statistics:?}") };
    assert_eq!(only.id, 4);
    assert_eq!(only.total_processed, Some(36_653_021));
    assert_eq!(only.total_valid, Some(36_645_692));
    assert_eq!(only.total_duplicates, None);
    assert_eq!(only.total_with_city, Some(18_036_457));
    assert_eq!((only.ladas_found, only.ladas_missing), (Some(98), None));
    assert_eq!(only.took_seconds, Some(12.5));
    assert_eq!(only.source_file.as_deref(), Some("lista.csv"));
    assert_eq!(only.migrated_at.as_deref(), Some("2025-07-15 14:00:00"));
    let missing = block_on(reader.missing_ladas()).unwrap();
    assert_eq!(
        missing.iter().map(|row| (row.lada.as_str(), row.rows)).collect::<Vec<_>>(),
        [("552", Some(7)), ("553", Some(12))]
    );
    assert_eq!(missing[1].examples.as_deref(), Some("5531234567"));
}
