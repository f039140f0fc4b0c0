//! Samples as whole files: their shape, how often what occurs, and what an import will make of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use domain::phone::{PhoneNumber, PhoneRejection};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::*;

fn spec(rows: u64, percent: f64) -> SampleSpec {
    SampleSpec { rows, seed: 11, dirt: Dirt::from_percent(percent).unwrap(), existing: Existing::Keep }
}

fn write(spec: &SampleSpec) -> (TempDir, PathBuf, SampleSummary) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numeros.db");
    let summary = write_sample(&path, spec).unwrap();
    (folder, path, summary)
}

fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Every row of a table, as SQLite quotes it.
fn rows(path: &Path, table: &str) -> Vec<String> {
    let connection = open(path);
    let mut select = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = select.column_count();
    select
        .query_map([], |row| {
            Ok((0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect::<Vec<_>>().join("|"))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn share(connection: &Connection, condition: &str) -> f64 {
    connection.query_row(&format!("SELECT avg({condition}) FROM numeros"), [], |row| row.get(0)).unwrap()
}

#[test]
fn a_sample_has_the_shape_of_the_real_file() {
    let (_folder, path, summary) = write(&spec(3_000, 0.35));
    let connection = open(&path);
    let texts = |sql: &str| -> Vec<String> {
        let mut select = connection.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(texts("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(
        texts(
            "SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info('numeros')"
        ),
        [
            "id INTEGER 0 1",
            "numero TEXT 1 0",
            "campo1_original TEXT 0 0",
            "nombre TEXT 0 0",
            "campo3 TEXT 0 0",
            "direccion TEXT 0 0",
            "colonia TEXT 0 0",
            "municipio_csv TEXT 0 0",
            "estado_sep TEXT 0 0",
            "municipio_sep TEXT 0 0",
            "estado_cof TEXT 0 0",
            "municipio_cof TEXT 0 0",
            "lada TEXT 0 0",
            "ciudad_por_lada TEXT 0 0",
            "es_valido BOOLEAN 0 0",
            "fecha_migracion TIMESTAMP 0 0",
        ]
    );
    assert_eq!(
        texts(
            "SELECT name || ' ' || origin || ' ' || \"unique\" FROM pragma_index_list('numeros') ORDER BY name"
        ),
        [
            "idx_numeros_ciudad_por_lada c 0",
            "idx_numeros_fecha_migracion c 0",
            "idx_numeros_lada c 0",
            "idx_numeros_municipio_cof c 0",
            "idx_numeros_numero c 0",
            "sqlite_autoindex_numeros_1 u 1",
        ]
    );
    let blob: Vec<u8> = connection
        .query_row("SELECT total_con_ciudad FROM estadisticas_migracion", [], |row| row.get(0))
        .unwrap();
    assert_eq!(u64::from_le_bytes(blob.try_into().unwrap()), summary.with_city);
    assert_eq!(texts("SELECT CAST(count(*) AS TEXT) FROM ladas_faltantes"), ["186"]);
    let sequence: i64 = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'numeros'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sequence, summary.last_id);
    drop(connection);

    let writer = Connection::open(&path).unwrap();
    let again = writer.execute("INSERT INTO numeros (numero) SELECT numero FROM numeros WHERE id = 1", []);
    assert_eq!(again.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::ConstraintViolation));
    writer.execute("INSERT INTO numeros (numero) VALUES ('nuevo')", []).unwrap();
    assert_eq!(writer.last_insert_rowid(), summary.last_id + 1);
}

#[test]
fn a_sample_is_distributed_as_the_real_file() {
    let (_folder, path, summary) = write(&spec(50_000, 0.35));
    let connection = open(&path);
    let roughly = |condition: &str, expected: f64| {
        let found = share(&connection, condition);
        assert!((found / expected - 1.0).abs() < 0.12, "{condition}: {found}, not {expected}");
    };
    roughly("lada = '553'", 0.0909);
    roughly("lada = '811'", 0.0573);
    roughly("lada = '722'", 0.0314);
    roughly("ciudad_por_lada IS NOT NULL", 0.49);
    roughly("estado_cof IS 'CDMX'", 0.0516);
    roughly("estado_cof IS 'BC'", 0.0453);
    roughly("estado_cof IS 'DISTR'", 0.0439);
    roughly("estado_cof IS 'MICH'", 0.0409);
    roughly("estado_cof IS 'NAY'", 0.0126);
    assert!(share(&connection, "estado_sep IS NULL") > 0.95);
    assert!(share(&connection, "es_valido IS 1") > 0.97);
    assert!(share(&connection, "length(lada) = 3 OR lada IS NULL") > 0.999_999);
    let ladas: i64 = connection
        .query_row(
            "SELECT count(DISTINCT lada) FROM numeros WHERE id IN (SELECT id FROM numeros WHERE numero GLOB '[2-9]*')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!((270..=324).contains(&ladas), "{ladas}");
    let cities: Vec<String> = connection
        .prepare("SELECT DISTINCT municipio_cof FROM numeros WHERE typeof(municipio_cof) = 'text'")
        .unwrap()
        .query_map([], |row| Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned()))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for written in
        ["GUADALAJARA@SD", "@X", "MONTERREY NL", "MONTERREY N.L.", "MEX DF", "LOSMOCHIS", "LOS  MOCHIS"]
    {
        assert!(cities.iter().any(|city| city == written), "{written}");
    }
    for filler in [
        "direccion LIKE '%Int.SIN'",
        "direccion LIKE '%00000%'",
        "campo3 = 'SIN'",
        "campo3 = 'SN'",
        "nombre LIKE '%Ñ%'",
    ] {
        assert!(share(&connection, filler) > 0.0, "{filler}");
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
    let troubled = summary.troubled_es_valido_one as f64 / summary.es_valido_one as f64;
    assert!((0.003..=0.004).contains(&troubled), "{troubled}");
}

/// What the rules make of a file, row by row.
fn judge(path: &Path) -> BTreeMap<&'static str, u64> {
    let connection = open(path);
    let mut select = connection.prepare("SELECT numero, es_valido FROM numeros ORDER BY id").unwrap();
    let mut rows = select.query([]).unwrap();
    let (mut seen, mut found) = (HashSet::new(), BTreeMap::new());
    while let Some(row) = rows.next().unwrap() {
        let text = String::from_utf8_lossy(row.get_ref(0).unwrap().as_bytes().unwrap()).into_owned();
        let verdict = match PhoneNumber::parse(&text) {
            Err(reason) => reason.as_str(),
            Ok(number) if !seen.insert(number.national()) => "duplicate",
            Ok(number) if number.is_assigned() => "accepted",
            Ok(_) => "unassigned",
        };
        *found.entry(verdict).or_default() += 1;
        let denied = matches!(row.get(1).unwrap(), Value::Integer(0))
            || matches!(row.get(1).unwrap(), Value::Text(text) if text == "f" || text == "false");
        if verdict == "accepted" && !denied {
            *found.entry("valid").or_default() += 1;
        }
    }
    found
}

#[test]
fn the_rules_find_in_a_sample_what_its_summary_says() {
    for (rows, percent) in [(50_000, 0.35), (1_000, 1.0), (1_000, 5.0), (4_000, 20.0), (2_858, 0.35)] {
        let (_folder, path, summary) = write(&spec(rows, percent));
        let found = judge(&path);
        let of = |verdict: &str| found.get(verdict).copied().unwrap_or_default();
        assert_eq!(of("accepted"), summary.accepted);
        assert_eq!(of("unassigned"), summary.accepted_invalid);
        assert_eq!(of("duplicate"), summary.duplicates);
        assert_eq!(of("valid"), summary.valid_kept);
        for reason in PhoneRejection::ALL {
            assert_eq!(
                of(reason.as_str()),
                summary.rejected_by_reason[reason.as_str()],
                "{}",
                reason.as_str()
            );
            assert!(of(reason.as_str()) > 0, "{rows} rows at {percent} %: no {}", reason.as_str());
        }
        assert!(summary.accepted_invalid > 0 && summary.duplicates > 0);
        let sum = summary.accepted + summary.accepted_invalid + summary.duplicates + summary.rejected;
        assert_eq!((sum, summary.rows), (rows, rows));
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts"
        )]
        let expected = (rows as f64 * percent / 100.0).floor() as u64;
        assert_eq!(rows - summary.accepted, expected);
    }
}

#[test]
fn every_kind_of_spoilt_text_occurs_from_900_rows_on() {
    let (_folder, path, _) = write(&spec(900, 0.0));
    let connection = open(&path);
    let mut select = connection
        .prepare("SELECT nombre, direccion, colonia, municipio_csv, municipio_cof, campo3 FROM numeros")
        .unwrap();
    let mut found: HashMap<&str, u32> = HashMap::new();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        for at in 0..6 {
            let value = row.get_ref(at).unwrap();
            let Ok(Some(bytes)) = value.as_bytes_or_null() else {
                continue;
            };
            let mut note = |kind, is: bool| *found.entry(kind).or_default() += u32::from(is);
            note("blob", value.data_type() == rusqlite::types::Type::Blob);
            note("nul", bytes.contains(&0));
            note("control", bytes.contains(&0x1b));
            note("no utf-8", std::str::from_utf8(bytes).is_err());
            note("long", bytes.len() > 100);
            note("empty", bytes.is_empty());
            note("blank", bytes == b"   ");
            note("ends", bytes.ends_with(b" \r\n"));
            note("format", String::from_utf8_lossy(bytes).contains('\u{202e}'));
        }
    }
    assert!(found.values().all(|count| *count > 0), "{found:?}");
}

#[test]
fn the_missing_ladas_count_the_rows_of_the_file() {
    let (_folder, path, _) = write(&spec(20_000, 0.0));
    let connection = open(&path);
    let wrong: i64 = connection
        .query_row(
            "SELECT count(*) FROM ladas_faltantes AS missing WHERE cantidad_registros <> (
                 SELECT count(*) FROM numeros
                  WHERE substr(CASE WHEN numero GLOB '52??????????' THEN substr(numero, 3)
                                    WHEN numero GLOB '+521*' THEN substr(numero, 5)
                                    ELSE ltrim(numero, '''') END, 1, 3) = missing.lada)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(wrong, 0);
}

#[test]
fn the_same_seed_gives_the_same_tables_and_another_gives_others() {
    let one = write(&spec(6_000, 2.0));
    let same = write(&spec(6_000, 2.0));
    let other = write(&SampleSpec { seed: 12, ..spec(6_000, 2.0) });
    for table in ["numeros", "estadisticas_migracion", "ladas_faltantes", "sqlite_schema"] {
        assert_eq!(rows(&one.1, table), rows(&same.1, table), "{table}");
    }
    let (mine, others) = (rows(&one.1, "numeros"), rows(&other.1, "numeros"));
    assert!(mine.iter().zip(&others).filter(|(a, b)| a == b).count() < 10);
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_replaced() {
    let (folder, path, _) = write(&spec(10, 0.0));
    let before = fs::read(&path).unwrap();
    assert!(matches!(write_sample(&path, &spec(20, 0.0)), Err(SampleError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::write(folder.path().join("numeros.db-wal"), "old").unwrap();
    fs::write(folder.path().join("numeros.db.partial"), "left by a run that was killed").unwrap();
    let replaced = write_sample(&path, &SampleSpec { existing: Existing::Replace, ..spec(20, 0.0) }).unwrap();
    assert_eq!(replaced.rows, 20);
    assert_eq!(names(folder.path()), ["numeros.db"]);
    let is_folder = write_sample(folder.path(), &SampleSpec { existing: Existing::Replace, ..spec(1, 0.0) });
    assert!(matches!(is_folder, Err(SampleError::Exists { .. })));
}

#[test]
fn a_sample_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cancelled = Arc::new(AtomicBool::new(false));
    let given_up =
        write_sample_watched(&folder.path().join("n.db"), &spec(200_000, 0.35), &cancelled, |_| {
            cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    assert!(matches!(given_up, Err(SampleError::Cancelled)));
    assert!(names(folder.path()).is_empty());
    let nowhere = write_sample(&folder.path().join("no").join("n.db"), &spec(1, 0.0));
    assert!(matches!(nowhere, Err(SampleError::File { .. })));
    assert!(matches!(
        write_sample(&folder.path().join("n.db"), &spec(ROWS_MAX + 1, 0.0)),
        Err(SampleError::TooManyRows { .. })
    ));
}

#[test]
fn a_sample_may_have_no_row_or_one() {
    for rows in [0, 1] {
        let (_folder, path, summary) = write(&spec(rows, 20.0));
        assert_eq!((summary.rows, summary.accepted), (rows, rows));
        assert!(crate::SqliteNumbersReader::open(&path).is_ok());
    }
}

#[test]
fn dirt_is_a_percentage_up_to_twenty() {
    assert_eq!(Dirt::from_percent(0.35), Ok(Dirt::default()));
    for outside in [-0.1, 20.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Dirt::from_percent(outside), Err(DirtOutOfRange));
    }
}
