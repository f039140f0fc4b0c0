//! Reading: a part's files are hashed whole before a row of them is believed.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use domain::port::{BackupDescription, BackupError, PartRows};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;

use crate::folder::{BackupFolder, unusable};
use crate::manifest::{FILE_NAME, FileEntry, Manifest};
use crate::part::measure;

/// Bytes of rows that are handed on at once.
const CHUNK_BYTES: usize = 1 << 20;
/// So many chunks wait to be taken; then reading waits.
const WAITING_MAX: usize = 4;

fn manifest(folder: &BackupFolder) -> Result<Manifest, BackupError> {
    let missing = || unusable(&folder.path, format!("there is no {FILE_NAME} in it"));
    folder.manifest()?.ok_or_else(missing)
}

pub(crate) fn describe(folder: &BackupFolder) -> Result<BackupDescription, BackupError> {
    Ok(manifest(folder)?.describe())
}

pub(crate) fn part(folder: &BackupFolder, number: u32) -> Result<PartRows, BackupError> {
    let manifest = manifest(folder)?;
    let part = manifest.parts.into_iter().find(|part| part.number == number);
    let part = part.ok_or_else(|| unusable(&folder.path, format!("it has no part {number}")))?;
    Ok(PartRows { contacts: rows(folder, &part.contacts)?, rejects: rows(folder, &part.rejects)? })
}

fn rows(
    folder: &BackupFolder,
    entry: &FileEntry,
) -> Result<BoxStream<'static, Result<Bytes, BackupError>>, BackupError> {
    let path = folder.path.join(&entry.file);
    let (bytes, sha256) = measure(&path).map_err(|error| unusable(&path, error.to_string()))?;
    if (bytes, &sha256) != (entry.bytes, &entry.sha256) {
        let reason = format!(
            "it is not what was written: {bytes} bytes with SHA-256 {sha256} instead of {} with {}; take it from \
             another copy of the backup",
            entry.bytes, entry.sha256
        );
        return Err(unusable(&path, reason));
    }
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::task::spawn_blocking(move || decompress(&path, &sender));
    Ok(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).boxed())
}

/// Sends what a file holds, until it is at its end or nobody takes it any more.
fn decompress(path: &PathBuf, sender: &mpsc::Sender<Result<Bytes, BackupError>>) {
    let mut decoder = match File::open(path).and_then(zstd::Decoder::new) {
        Ok(decoder) => decoder,
        Err(error) => {
            // Whoever does not take it any more needs no answer either.
            let _ = sender.blocking_send(Err(unusable(path, error.to_string())));
            return;
        }
    };
    loop {
        let mut chunk = BytesMut::zeroed(CHUNK_BYTES);
        let piece = match decoder.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => {
                chunk.truncate(read);
                Ok(chunk.freeze())
            }
            Err(error) => Err(unusable(path, error.to_string())),
        };
        let is_last = piece.is_err();
        if sender.blocking_send(piece).is_err() || is_last {
            return;
        }
    }
}
