//! Writing: a thread of its own compresses, so that the load does not wait for it until it falls behind.

use std::fs;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use domain::import::{Import, NOTHING_READ, Tally};
use domain::port::{BackupError, BackupWriter, CopiedTable, CopyFormat, SourceAccount};
use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::task::JoinHandle;

use crate::folder::{BackupFolder, unusable, unwritable};
use crate::manifest::{FILE_NAME, Manifest, PartEntry, Statements, TallyEntry};
use crate::part::PartFile;

/// So many pieces wait to be compressed; then the load waits.
const WAITING_MAX: usize = 16;

enum Message {
    Rows(CopiedTable, Bytes),
    Reached(i64, Tally),
    Finish(SourceAccount),
}

/// Opens the backup of an import.
pub(crate) fn open(
    folder: BackupFolder,
    import: &Import,
    format_of: fn(CopiedTable) -> CopyFormat,
    alone: OwnedMutexGuard<()>,
) -> Result<Box<dyn BackupWriter>, BackupError> {
    folder.make()?;
    let mut manifest = match folder.manifest()? {
        Some(manifest) if manifest.import.id == import.id.0 => manifest,
        Some(manifest) => {
            return Err(BackupError::Occupied {
                path: folder.path.display().to_string(),
                import: manifest.import.id.to_string(),
            });
        }
        None => {
            let statements = Statements {
                contacts: format_of(CopiedTable::Contacts).statement.to_owned(),
                rejects: format_of(CopiedTable::Rejects).statement.to_owned(),
            };
            Manifest::of(import, None, statements)
        }
    };
    if folder.source_copy.is_some() {
        manifest.source_copy.clone_from(&folder.source_copy);
    }
    manifest.is_finished = false;
    // A server that lost its last moments stands before what was written here of them.
    let known = manifest.parts.len();
    manifest.parts.retain(|part| part.last_source_row_id <= import.last_source_row_id);
    let is_dropped = manifest.parts.len() < known;
    folder.write_manifest(&manifest)?;
    check_there(&folder.path, &manifest)?;
    if is_dropped {
        for number in manifest.parts.len() + 1..=known {
            for table in [CopiedTable::Contacts, CopiedTable::Rejects] {
                remove(&folder.path.join(file_name(table, number)))?;
            }
        }
    }

    let whole_up_to = manifest.parts.last().map_or(NOTHING_READ, |part| part.last_source_row_id);
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let work = Work { folder, manifest, format_of, open: None, _alone: alone };
    let thread = tokio::task::spawn_blocking(move || work.run(receiver));
    Ok(Box::new(FolderWriter { whole_up_to, sender, thread }))
}

/// Whether the parts that the manifest names are there at all; their bytes are looked at when they are read.
fn check_there(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    for file in manifest.parts.iter().flat_map(|part| [&part.contacts, &part.rejects]) {
        let path = folder.join(&file.file);
        match fs::metadata(&path) {
            Ok(there) if there.len() == file.bytes => {}
            Ok(there) => {
                let reason = format!("it has {} bytes and was written with {}", there.len(), file.bytes);
                return Err(unusable(&path, reason + "; begin the backup again in an empty folder"));
            }
            Err(error) => {
                return Err(unusable(&path, format!("{error}; begin the backup again in an empty folder")));
            }
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn file_name(table: CopiedTable, number: usize) -> String {
    let table = match table {
        CopiedTable::Contacts => "contacts",
        CopiedTable::Rejects => "rejects",
    };
    format!("{table}-{number:05}.copy.zst")
}

struct FolderWriter {
    whole_up_to: i64,
    sender: mpsc::Sender<Message>,
    thread: JoinHandle<Result<(), BackupError>>,
}

impl FolderWriter {
    async fn send(&mut self, message: Message) -> Result<(), BackupError> {
        match self.sender.send(message).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended().await.err().unwrap_or_else(|| stopped("it ended too early"))),
        }
    }

    async fn ended(&mut self) -> Result<(), BackupError> {
        (&mut self.thread).await.unwrap_or_else(|error| Err(stopped(&error.to_string())))
    }
}

fn stopped(reason: &str) -> BackupError {
    BackupError::Unwritable { path: FILE_NAME.to_owned(), reason: format!("its writer stopped: {reason}") }
}

#[async_trait]
impl BackupWriter for FolderWriter {
    fn whole_up_to(&self) -> i64 {
        self.whole_up_to
    }

    async fn put(&mut self, table: CopiedTable, rows: Bytes) -> Result<(), BackupError> {
        self.send(Message::Rows(table, rows)).await
    }

    async fn reach(&mut self, checkpoint: i64, tally: Tally) -> Result<(), BackupError> {
        self.send(Message::Reached(checkpoint, tally)).await
    }

    async fn finish(mut self: Box<Self>, account: SourceAccount) -> Result<(), BackupError> {
        self.send(Message::Finish(account)).await?;
        self.ended().await
    }
}

/// What the thread has before it. When it is dropped unfinished, what stands in no part is left over.
struct Work {
    folder: BackupFolder,
    manifest: Manifest,
    format_of: fn(CopiedTable) -> CopyFormat,
    /// The files of the part at hand.
    open: Option<[PartFile; 2]>,
    /// Lets the next writer begin once this one has ended.
    _alone: OwnedMutexGuard<()>,
}

impl Work {
    fn run(mut self, mut messages: mpsc::Receiver<Message>) -> Result<(), BackupError> {
        let mut reached = None;
        while let Some(message) = messages.blocking_recv() {
            match message {
                Message::Rows(table, rows) => {
                    let file = &mut self.files()?[table as usize];
                    file.put(&rows).map_err(|error| unwritable(file.path(), &error))?;
                }
                Message::Reached(checkpoint, tally) => {
                    // Also where no row came of it: a part says up to where it goes.
                    self.files()?;
                    let before = self.manifest.parts.last().map_or(0, |part| part.tally.0.rows_read);
                    if tally.rows_read - before >= self.folder.part_rows.get() {
                        self.end_part(checkpoint, tally)?;
                        reached = None;
                    } else {
                        reached = Some((checkpoint, tally));
                    }
                }
                Message::Finish(account) => {
                    if let Some((checkpoint, tally)) = reached {
                        self.end_part(checkpoint, tally)?;
                    }
                    self.manifest.account = account.into();
                    self.manifest.is_finished = true;
                    return self.folder.write_manifest(&self.manifest);
                }
            }
        }
        // The import ended before its time: the parts that are whole stay, and who goes on writes the last one anew.
        Ok(())
    }

    fn files(&mut self) -> Result<&mut [PartFile; 2], BackupError> {
        match &mut self.open {
            Some(files) => Ok(files),
            none => {
                let number = self.manifest.parts.len() + 1;
                let begin = |table| {
                    let name = file_name(table, number);
                    let path = self.folder.path.join(&name);
                    PartFile::begin(&self.folder.path, name, (self.format_of)(table).head)
                        .map_err(|error| unwritable(&path, &error))
                };
                Ok(none.insert([begin(CopiedTable::Contacts)?, begin(CopiedTable::Rejects)?]))
            }
        }
    }

    fn end_part(&mut self, checkpoint: i64, tally: Tally) -> Result<(), BackupError> {
        let Some([contacts, rejects]) = self.open.take() else { return Ok(()) };
        let finish = |file: PartFile, table| {
            let path = file.path().to_owned();
            file.finish((self.format_of)(table).tail).map_err(|error| unwritable(&path, &error))
        };
        let part = PartEntry {
            number: u32::try_from(self.manifest.parts.len() + 1).unwrap_or(u32::MAX),
            last_source_row_id: checkpoint,
            tally: TallyEntry(tally),
            contacts: finish(contacts, CopiedTable::Contacts)?,
            rejects: finish(rejects, CopiedTable::Rejects)?,
        };
        self.manifest.parts.push(part);
        self.folder.write_manifest(&self.manifest)
    }
}
