//! Folders that are written, left, gone on with, and read.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::fs;
use std::num::NonZeroU64;
use std::path::Path;

use backup_files::{BackupFolder, SourceCopy};
use bytes::Bytes;
use domain::import::{Import, ImportId, ImportState, NOTHING_READ, Tally};
use domain::port::{
    BackupError, BackupWriter, CopiedTable, CopyFormat, ImportBackup as _, PartRows, SourceAccount,
};
use domain::source::{MissingLada, SourceDescription};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use uuid::Uuid;

const PART_ROWS: NonZeroU64 = NonZeroU64::new(10).unwrap();

fn format_of(table: CopiedTable) -> CopyFormat {
    match table {
        CopiedTable::Contacts => CopyFormat { statement: "COPY contacts", head: b"<", tail: b">" },
        CopiedTable::Rejects => CopyFormat { statement: "COPY rejects", head: b"(", tail: b")" },
    }
}

fn import(id: u128, checkpoint: i64) -> Import {
    Import {
        id: ImportId(Uuid::from_u128(id)),
        state: ImportState::Loading,
        source: SourceDescription {
            file_name: "numeros.db".to_owned(),
            path: None,
            file_bytes: 7,
            fingerprint: "f".to_owned(),
            rows: 40,
            last_id: 40,
        },
        last_source_row_id: checkpoint,
        tally: counted(u64::try_from(checkpoint).unwrap_or(0)),
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: None,
    }
}

fn counted(rows: u64) -> Tally {
    Tally { rows_read: rows, imported: rows, ..Tally::default() }
}

fn folder(path: &Path) -> BackupFolder {
    BackupFolder::new(path, PART_ROWS)
}

/// Opens the backup of an import whose checkpoint stands there.
async fn open(path: &Path, checkpoint: i64) -> Box<dyn BackupWriter> {
    folder(path).open(&import(1, checkpoint), format_of).await.unwrap()
}

/// Puts a batch that ends at this row.
async fn batch(writer: &mut dyn BackupWriter, to: u64) -> Result<(), BackupError> {
    writer.put(CopiedTable::Contacts, Bytes::from(format!("c{to}"))).await?;
    writer.put(CopiedTable::Rejects, Bytes::from(format!("r{to}"))).await?;
    writer.reach(i64::try_from(to).unwrap(), counted(to)).await
}

async fn text(rows: PartRows) -> (String, String) {
    let contacts: Vec<Bytes> = rows.contacts.try_collect().await.unwrap();
    let rejects: Vec<Bytes> = rows.rejects.try_collect().await.unwrap();
    (String::from_utf8(contacts.concat()).unwrap(), String::from_utf8(rejects.concat()).unwrap())
}

async fn parts(path: &Path) -> Vec<(i64, u64)> {
    let described = folder(path).describe().await.unwrap();
    described.parts.iter().map(|part| (part.checkpoint, part.tally.rows_read)).collect()
}

#[tokio::test]
async fn what_was_put_is_read_back_by_parts_as_large_as_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = open(place.path(), NOTHING_READ).await;
    assert_eq!(writer.whole_up_to(), NOTHING_READ);
    for to in [4, 8, 12, 16, 20] {
        batch(writer.as_mut(), to).await.unwrap();
    }
    let missing = MissingLada { lada: "551".to_owned(), rows: Some(3), examples: None, detected_at: None };
    let account = SourceAccount { statistics: Vec::new(), missing_ladas: vec![missing] };
    writer.finish(account.clone()).await.unwrap();

    assert_eq!(parts(place.path()).await, [(12, 12), (20, 20)]);
    let described = folder(place.path()).describe().await.unwrap();
    assert_eq!((described.id, described.account), (import(1, 0).id, account));
    assert_eq!(described.source, import(1, 0).source);
    let first = folder(place.path()).part(1).await.unwrap();
    assert_eq!(text(first).await, ("<c4c8c12>".to_owned(), "(r4r8r12)".to_owned()));
    let second = folder(place.path()).part(2).await.unwrap();
    assert_eq!(text(second).await, ("<c16c20>".to_owned(), "(r16r20)".to_owned()));
    assert!(matches!(folder(place.path()).part(3).await, Err(BackupError::Unusable { .. })));
}

#[tokio::test]
async fn a_writer_that_was_left_leaves_whole_parts_and_another_goes_on_behind_them() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path());
    let mut left = folder.open(&import(1, NOTHING_READ), format_of).await.unwrap();
    for to in [6, 12, 18] {
        batch(left.as_mut(), to).await.unwrap();
    }
    // One that was left ends the part that it is at before another begins.
    drop(left);
    let mut writer = folder.open(&import(1, 18), format_of).await.unwrap();
    assert_eq!(writer.whole_up_to(), 12);
    for to in [18, 24] {
        batch(writer.as_mut(), to).await.unwrap();
    }
    writer.finish(SourceAccount::default()).await.unwrap();
    assert_eq!(parts(place.path()).await, [(12, 12), (24, 24)]);
    let second = folder.part(2).await.unwrap();
    assert_eq!(text(second).await.0, "<c18c24>");
}

#[tokio::test]
async fn a_part_beyond_the_checkpoint_is_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = open(place.path(), NOTHING_READ).await;
    for to in [10, 20, 30] {
        batch(writer.as_mut(), to).await.unwrap();
    }
    writer.finish(SourceAccount::default()).await.unwrap();
    assert!(place.path().join("contacts-00003.copy.zst").exists());
    // The server lost its last moments.
    let writer = open(place.path(), 12).await;
    assert_eq!(writer.whole_up_to(), 10);
    drop(writer);
    assert_eq!(parts(place.path()).await, [(10, 10)]);
    for number in [2, 3] {
        assert!(!place.path().join(format!("contacts-0000{number}.copy.zst")).exists());
        assert!(!place.path().join(format!("rejects-0000{number}.copy.zst")).exists());
    }
}

#[tokio::test]
async fn a_part_that_is_gone_or_cut_short_is_noticed_before_anything_is_added() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = open(place.path(), NOTHING_READ).await;
    batch(writer.as_mut(), 10).await.unwrap();
    writer.finish(SourceAccount::default()).await.unwrap();
    let part = place.path().join("rejects-00001.copy.zst");
    for spoil in [|part: &Path| fs::write(part, "x"), |part: &Path| fs::remove_file(part)] {
        spoil(&part).unwrap();
        let opened = folder(place.path()).open(&import(1, 10), format_of).await;
        let error = opened.err().unwrap().to_string();
        assert!(error.contains("rejects-00001") && error.contains("empty folder"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_of_another_import_and_a_manifest_of_another_format_are_left_alone() {
    let place = tempfile::tempdir().unwrap();
    open(place.path(), NOTHING_READ).await.finish(SourceAccount::default()).await.unwrap();
    let other = folder(place.path()).open(&import(2, NOTHING_READ), format_of).await;
    assert!(matches!(other, Err(BackupError::Occupied { .. })));

    let manifest = place.path().join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap().replace("\"format\": 1", "\"format\": 2");
    fs::write(&manifest, text).unwrap();
    let error = folder(place.path()).describe().await.unwrap_err().to_string();
    assert!(error.contains("format 2") && error.contains("reads format 1"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_taken_away_fails_the_writer_with_its_name() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("respaldo");
    let mut writer = open(&path, NOTHING_READ).await;
    fs::remove_dir_all(&path).unwrap();
    let mut failed = None;
    for to in (10..1_000).step_by(10) {
        if let Err(error) = batch(writer.as_mut(), to).await {
            failed = Some(error);
            break;
        }
    }
    let error = failed.unwrap();
    assert!(matches!(error, BackupError::Unwritable { .. }), "{error:?}");
    assert!(error.to_string().contains("contacts-00001.copy.zst"), "{error}");
}

#[tokio::test]
async fn the_copy_of_the_source_stands_in_the_manifest() {
    let place = tempfile::tempdir().unwrap();
    let copy = SourceCopy { file: "numeros.db".to_owned(), bytes: 7, sha256: "ab".to_owned() };
    let folder = folder(place.path()).with_source_copy(copy);
    folder.open(&import(1, NOTHING_READ), format_of).await.unwrap();
    // One that goes on without a copy keeps what is known of it.
    open(place.path(), NOTHING_READ).await;
    let manifest = fs::read_to_string(place.path().join("manifest.json")).unwrap();
    assert!(manifest.contains("\"sha256\": \"ab\""), "{manifest}");
}
