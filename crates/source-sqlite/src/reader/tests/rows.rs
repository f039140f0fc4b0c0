use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[test]
fn the_walk_goes_along_the_rowid_and_sorts_nothing() {
    let folder = Folder::new();
    let connection = create(&folder.path("numeros.db"));
    connection.execute_batch("CREATE INDEX by_number ON numeros (numero)").unwrap();
    fill(&connection, 1..=100);
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", super::super::walk::WALK)).unwrap();
    let steps: Vec<String> = plan.query_map([0], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert_eq!(steps, ["SEARCH numeros USING INTEGER PRIMARY KEY (rowid>?)"]);
}

#[test]
fn every_storage_class_comes_through_every_column_byte_for_byte() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    let connection = create(&path);
    let long = vec![b'x'; 20_000];
    let texts: [&[u8]; 6] = [b"", b"t", b"a\0b", b"\xff\xfe", "Ñandú".as_bytes(), &long];
    let mut values = vec![Value::Null, Value::Integer(i64::MIN), Value::Integer(1), Value::Real(-0.5)];
    values.extend(texts.iter().map(|bytes| Value::Blob(bytes.to_vec())));
    let mut id = 0;
    let mut written = Vec::new();
    for column in SourceColumn::ALL.into_iter().skip(1) {
        for value in &values {
            for class in ["?2", "CAST(?2 AS TEXT)"] {
                id += 1;
                let sql = format!("INSERT INTO numeros (id, {}) VALUES (?1, {class})", column.name());
                connection.execute(&sql, (id, value)).unwrap();
                let read = connection
                    .query_row(&format!("SELECT {} FROM numeros WHERE id = {id}", column.name()), [], |row| {
                        Ok(owned_by_sqlite(row.get_ref(0)?))
                    })
                    .unwrap();
                if let (Value::Blob(bytes), "CAST(?2 AS TEXT)") = (value, class) {
                    assert_eq!(read, (3, bytes.clone()));
                }
                written.push((column, read));
            }
        }
    }
    let (batches, failed) = block_on(read(&path, range(0, None, 64)));
    assert_eq!(failed, None);
    let mut rows = batches.iter().flat_map(SourceBatch::rows);
    for (column, value) in written {
        let row = rows.next().unwrap();
        for other in SourceColumn::ALL.into_iter().skip(1) {
            let expected = if other == column { value.clone() } else { (0, Vec::new()) };
            assert_eq!(owned(row.get(other)), expected, "{other:?} of row {}", row.id());
        }
    }
    assert!(rows.next().is_none());
}

#[test]
fn text_of_a_file_in_utf_16_arrives_in_utf_8() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA encoding = 'UTF-16le'").unwrap();
    connection.execute_batch(&format!("CREATE TABLE numeros ({})", columns())).unwrap();
    connection.execute("INSERT INTO numeros (numero, nombre) VALUES ('5512345678', 'PEÑA')", []).unwrap();
    let (batches, _) = block_on(read(&path, range(0, None, 1)));
    assert_eq!(
        batches[0].rows().next().unwrap().get(SourceColumn::Nombre),
        SourceValue::Text("PEÑA".as_bytes())
    );
}

#[test]
fn ranges_begin_and_end_where_they_say() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), [-5, 1, 2, 3, 10, 11, 12, 50, i64::MAX]);
    let cases: [(ReadRange, &[i64], &[usize]); 9] = [
        (range(0, None, 3), &[1, 2, 3, 10, 11, 12, 50, i64::MAX], &[3, 3, 2]),
        (range(i64::MIN, Some(2), 10), &[-5, 1], &[2]),
        (range(3, None, 100), &[10, 11, 12, 50, i64::MAX], &[5]),
        (range(4, Some(3), 3), &[10, 11, 12], &[3]),
        (range(4, Some(4), 3), &[10, 11, 12, 50], &[3, 1]),
        (range(0, Some(0), 3), &[], &[]),
        (range(i64::MAX, None, 3), &[], &[]),
        (range(12, Some(100), 1), &[50, i64::MAX], &[1, 1]),
        (range(50, None, 0), &[i64::MAX], &[1]),
    ];
    for (range, expected, lengths) in cases {
        let (batches, failed) = block_on(read(&path, range));
        assert_eq!(failed, None);
        assert_eq!(ids(&batches), expected, "{range:?}");
        assert_eq!(batches.iter().map(SourceBatch::len).collect::<Vec<_>>(), lengths, "{range:?}");
    }
}

#[test]
fn a_batch_is_handed_on_before_its_bytes_are_too_many() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    let connection = create(&path);
    let most = i64::try_from(SourceBatch::BYTES_MAX).unwrap();
    let insert = "INSERT INTO numeros (numero, nombre) VALUES ('1', zeroblob(?1))";
    for _ in 0..5 {
        connection.execute(insert, [most / 2 - 1_000]).unwrap();
    }
    let (batches, failed) = block_on(read(&path, range(0, None, 1_000)));
    assert_eq!(failed, None);
    assert_eq!(batches.iter().map(SourceBatch::len).collect::<Vec<_>>(), [2, 2, 1]);

    connection.execute(insert, [most + 1]).unwrap();
    let (batches, failed) = block_on(read(&path, range(0, None, 1_000)));
    assert_eq!(ids(&batches), [1, 2, 3, 4, 5]);
    assert!(matches!(failed, Some(SourceError::Damaged { .. })));
}

#[test]
fn an_empty_table_gives_no_batch() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    create(&path);
    let (batches, failed) = block_on(read(&path, range(0, None, 10)));
    assert_eq!((batches.len(), failed), (0, None));
}

#[test]
fn the_reader_stops_when_the_stream_is_dropped_and_runs_ahead_by_a_bound() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=200_000);
    block_on(async {
        let mut stream = SqliteNumbersReader::open(&path).unwrap().batches(range(0, None, 100));
        assert_eq!(stream.next().await.unwrap().unwrap().len(), 100);
        // The lock that a walk holds on the file ends with it.
        let writer = Connection::open(&path).unwrap();
        writer.busy_timeout(Duration::ZERO).unwrap();
        assert!(writer.execute_batch("DELETE FROM numeros WHERE id = 1").is_err(), "the walk goes on");
        drop(stream);
        let began = Instant::now();
        while writer.execute_batch("DELETE FROM numeros WHERE id = 1").is_err() {
            assert!(began.elapsed() < Duration::from_secs(5), "the walk did not stop");
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_file_that_is_overwritten_under_the_walk_is_noticed() {
    let folder = Folder::new();
    let path = folder.path("numeros.db");
    fill(&create(&path), 1..=50_000);
    block_on(async {
        let mut stream = SqliteNumbersReader::open(&path).unwrap().batches(range(0, None, 100));
        stream.next().await.unwrap().unwrap();
        let mut content = std::fs::read(&path).unwrap();
        content[27] ^= 1;
        content[95] ^= 1;
        std::fs::write(&path, content).unwrap();
        let mut last = None;
        while let Some(next) = stream.next().await {
            last = next.err();
        }
        let said = last.unwrap().to_string();
        assert!(said.contains("changed it while it was being read"), "{said}");
    });
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_filter("NaN is stored as NULL", |real| !real.is_nan()).prop_map(Value::Real),
        ".{0,12}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_batches_together_are_the_plain_select(
        rows in proptest::collection::btree_map(-50_i64..500, proptest::collection::vec(any_value(), 15), 0..60),
        after_id in -60_i64..300,
        rows_max in proptest::option::of(0_u64..50),
        batch_rows in 1_usize..20,
    ) {
        let folder = Folder::new();
        let path = folder.path("numeros.db");
        let connection = create(&path);
        for (id, values) in &rows {
            let mut all = vec![Value::Integer(*id)];
            all.extend(values.iter().cloned());
            connection
                .execute(include_str!("../../../sql/sample_numeros_insert.sql"), rusqlite::params_from_iter(all))
                .unwrap();
        }
        let mut select = connection.prepare("SELECT * FROM numeros WHERE id > ?1 ORDER BY id LIMIT ?2").unwrap();
        let limit = rows_max.map_or(-1, |rows| i64::try_from(rows).unwrap());
        let expected: Vec<Vec<_>> = select
            .query_map([after_id, limit], |row| {
                (0..16).map(|at| Ok(owned_by_sqlite(row.get_ref(at)?))).collect::<Result<_, _>>()
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        drop(select);
        let (batches, failed) = block_on(read(&path, range(after_id, rows_max, batch_rows)));
        prop_assert_eq!(failed, None);
        let found: Vec<Vec<_>> = batches
            .iter()
            .flat_map(SourceBatch::rows)
            .map(|row| SourceColumn::ALL.iter().map(|column| owned(row.get(*column))).collect())
            .collect();
        prop_assert_eq!(found, expected);
        prop_assert!(batches.iter().rev().skip(1).all(|batch| batch.len() == batch_rows));
    }
}
