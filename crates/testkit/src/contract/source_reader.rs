//! What [`SourceReader`] owes.

use async_trait::async_trait;
use domain::port::{ReadRange, SourceReader};
use domain::source::{MissingLada, SourceColumn, SourceStatistics};
use futures::StreamExt;

use crate::fakes::SourceContents;
use crate::fixtures::{Row, Value, rows_numbered};

/// Makes readers of files that hold what a clause wants.
#[async_trait]
pub trait SourceHarness: Send + Sync {
    /// A reader of a file with these contents.
    async fn reader(&self, contents: SourceContents) -> Box<dyn SourceReader>;

    /// A reader of a file of which some rows, not the first, cannot be read.
    async fn damaged_reader(&self) -> Box<dyn SourceReader>;
}

/// One test for each clause of [`SourceReader`].
#[macro_export]
macro_rules! source_reader_contract {
    ($harness:expr) => {
        $crate::clauses!(
            source_reader,
            $harness,
            [
                two_descriptions_of_an_unchanged_file_agree_and_count_its_rows,
                a_file_without_rows_is_described_and_has_no_batches,
                another_row_or_one_row_less_changes_the_fingerprint,
                every_row_comes_once_by_ascending_id_in_batches_no_larger_than_asked,
                every_value_comes_in_the_storage_class_it_has,
                reading_begins_behind_the_id_that_is_given,
                no_more_rows_come_than_asked_for,
                a_stream_that_is_dropped_leaves_the_reader_usable,
                after_an_error_nothing_more_comes,
                the_source_s_own_account_comes_as_it_is_and_is_empty_without_its_tables,
            ]
        );
    };
}

const ALL: ReadRange = ReadRange { after_id: i64::MIN, rows_max: None, batch_rows: 4 };

async fn batches(reader: &dyn SourceReader, range: ReadRange) -> Vec<Vec<Row>> {
    reader
        .batches(range)
        .map(|batch| batch.unwrap().rows().map(Row::from).collect::<Vec<_>>())
        .collect()
        .await
}

async fn ids(reader: &dyn SourceReader, range: ReadRange) -> Vec<i64> {
    batches(reader, range).await.iter().flatten().map(Row::id).collect()
}

/// As the sentence says.
pub async fn two_descriptions_of_an_unchanged_file_agree_and_count_its_rows(harness: &impl SourceHarness) {
    let reader = harness.reader(SourceContents::of(rows_numbered([2, 3, 9]))).await;
    let described = reader.describe().await.unwrap();
    assert_eq!((described.rows, described.last_id), (3, 9));
    assert!(!described.file_name.contains('/') && !described.file_name.is_empty());
    assert_eq!(described.fingerprint.len(), 64);
    assert_eq!(reader.describe().await.unwrap(), described);
}

/// As the sentence says.
pub async fn a_file_without_rows_is_described_and_has_no_batches(harness: &impl SourceHarness) {
    let reader = harness.reader(SourceContents::default()).await;
    let described = reader.describe().await.unwrap();
    assert_eq!((described.rows, described.last_id), (0, 0));
    assert_eq!(batches(reader.as_ref(), ALL).await, Vec::<Vec<Row>>::new());
}

/// As the sentence says.
pub async fn another_row_or_one_row_less_changes_the_fingerprint(harness: &impl SourceHarness) {
    let mut fingerprints = Vec::new();
    for rows in [rows_numbered([1, 2, 3]), rows_numbered([1, 2]), rows_numbered([1, 2, 4])] {
        let reader = harness.reader(SourceContents::of(rows)).await;
        fingerprints.push(reader.describe().await.unwrap().fingerprint);
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 3);
}

/// As the sentence says.
pub async fn every_row_comes_once_by_ascending_id_in_batches_no_larger_than_asked(
    harness: &impl SourceHarness,
) {
    let rows = rows_numbered((1..=10).map(|n| n * 3));
    let reader = harness.reader(SourceContents::of(rows.clone())).await;
    let read = batches(reader.as_ref(), ALL).await;
    assert_eq!(read.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(read.concat(), rows);
}

/// As the sentence says.
pub async fn every_value_comes_in_the_storage_class_it_has(harness: &impl SourceHarness) {
    let values = [
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Real(0.5),
        Value::text("ñandú"),
        Value::text(""),
        Value::text(b"\xff\0x"),
        Value::blob(b"\x00\xff"),
        Value::blob(b""),
    ];
    // No column here is declared as a number, which SQLite would turn such a value into.
    let rows: Vec<_> = (1..)
        .zip(values)
        .map(|(id, value)| Row::new(id, "5510000001").with(SourceColumn::EsValido, value))
        .collect();
    let reader = harness.reader(SourceContents::of(rows.clone())).await;
    assert_eq!(batches(reader.as_ref(), ALL).await.concat(), rows);
}

/// As the sentence says.
pub async fn reading_begins_behind_the_id_that_is_given(harness: &impl SourceHarness) {
    let reader = harness.reader(SourceContents::of(rows_numbered([1, 5, 6, 9]))).await;
    assert_eq!(ids(reader.as_ref(), ReadRange { after_id: 5, ..ALL }).await, [6, 9]);
    assert_eq!(ids(reader.as_ref(), ReadRange { after_id: 4, ..ALL }).await, [5, 6, 9]);
    assert_eq!(ids(reader.as_ref(), ReadRange { after_id: 9, ..ALL }).await, [0_i64; 0]);
}

/// As the sentence says.
pub async fn no_more_rows_come_than_asked_for(harness: &impl SourceHarness) {
    let reader = harness.reader(SourceContents::of(rows_numbered(1..=10))).await;
    for rows_max in [0, 1, 4, 5, 10, 11] {
        let range = ReadRange { rows_max: Some(rows_max), ..ALL };
        let read = ids(reader.as_ref(), range).await;
        assert_eq!(read, (1..=i64::try_from(rows_max.min(10)).unwrap()).collect::<Vec<_>>());
    }
}

/// As the sentence says.
pub async fn a_stream_that_is_dropped_leaves_the_reader_usable(harness: &impl SourceHarness) {
    let reader = harness.reader(SourceContents::of(rows_numbered(1..=100))).await;
    let mut stream = reader.batches(ReadRange { batch_rows: 1, ..ALL });
    assert_eq!(stream.next().await.unwrap().unwrap().len(), 1);
    drop(stream);
    assert_eq!(ids(reader.as_ref(), ALL).await.len(), 100);
}

/// As the sentence says.
pub async fn after_an_error_nothing_more_comes(harness: &impl SourceHarness) {
    let reader = harness.damaged_reader().await;
    let read: Vec<_> = reader.batches(ReadRange { batch_rows: 1, ..ALL }).collect().await;
    let (last, before) = read.split_last().unwrap();
    assert!(last.is_err());
    assert!(before.iter().all(Result::is_ok));
}

/// As the sentence says.
pub async fn the_source_s_own_account_comes_as_it_is_and_is_empty_without_its_tables(
    harness: &impl SourceHarness,
) {
    let without = harness.reader(SourceContents::of(rows_numbered([1]))).await;
    assert_eq!(without.statistics().await.unwrap(), []);
    assert_eq!(without.missing_ladas().await.unwrap(), []);

    let statistics = SourceStatistics {
        id: 1,
        total_processed: Some(10),
        total_valid: Some(9),
        total_duplicates: None,
        total_with_city: Some(8),
        ladas_found: Some(3),
        ladas_missing: Some(1),
        took_seconds: Some(2.5),
        source_file: Some("lista.csv".to_owned()),
        migrated_at: Some("2025-08-01 10:20:30".to_owned()),
    };
    let missing = MissingLada {
        lada: "551".to_owned(),
        rows: Some(7),
        examples: Some("5510000001".to_owned()),
        detected_at: None,
    };
    let contents = SourceContents {
        statistics: Some(vec![statistics.clone()]),
        missing_ladas: Some(vec![missing.clone()]),
        ..SourceContents::of(rows_numbered([1]))
    };
    let with = harness.reader(contents).await;
    assert_eq!(with.statistics().await.unwrap(), [statistics]);
    assert_eq!(with.missing_ladas().await.unwrap(), [missing]);
}
