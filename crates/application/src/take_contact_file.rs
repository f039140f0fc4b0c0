//! A file of contacts comes in, piece by piece, and waits for a worker.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use domain::job::{ImportTask, Job, JobId, Task};
use domain::port::{Ids, JobStore, StoreError, WriteError};
use domain::request::Envelope;
use domain::sheet::{HEAD_BYTES_MAX, Record, Sheet, SheetParser, SheetRefused};

/// How much of a file is kept together.
const PART_BYTES: usize = 256 * 1024;

/// Takes files in.
pub struct TakeContactFile {
    /// Keeps them.
    pub jobs: Arc<dyn JobStore>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// The largest file, in bytes.
    pub bytes_max: u64,
}

/// A file that is coming in. One that is dropped before it is queued is forgotten.
pub struct IncomingFile {
    id: JobId,
    jobs: Arc<dyn JobStore>,
    is_queued: bool,
    /// What is not kept yet.
    pending: BytesMut,
    parts: u32,
    bytes: u64,
    /// How it is read, known once enough of it is there.
    read: Option<(Sheet, SheetParser)>,
    /// Lines so far, with the one that names the columns.
    lines: u64,
    /// Where a quotation mark is opened that is not closed for longer than any line may be.
    open_quote: Option<u64>,
}

/// Whoever sends it may go away at any moment. Where the store is away, it is forgotten later.
impl Drop for IncomingFile {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_queued {
            return;
        }
        let (jobs, id) = (Arc::clone(&self.jobs), self.id);
        runtime.spawn(async move {
            if let Err(error) = jobs.drop_upload(id).await {
                tracing::warn!(%error, "a file that is not wanted is taken away later");
            }
        });
    }
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeFileError {
    /// It is no table of contacts.
    #[error(transparent)]
    Sheet(#[from] SheetRefused),
    /// It names columns and has no lines.
    #[error("the file has no contacts below its first line")]
    NoLines,
    /// It is too large.
    #[error(
        "the file is larger than {0} bytes (jobs.upload_bytes_max); send it in parts, each with the line that names the columns"
    )]
    TooLarge(u64),
    /// Too many jobs wait, or too many files come in.
    #[error("too many files come in, or jobs wait (jobs.open_max); try again when some of them have ended")]
    TooMany,
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for TakeFileError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

impl TakeContactFile {
    /// Begins to take a file in.
    ///
    /// # Errors
    /// When too many jobs wait, or the store is away.
    pub async fn begin(&self, envelope: Envelope) -> Result<IncomingFile, TakeFileError> {
        let id = JobId(self.ids.next());
        if !self.jobs.open_upload(id, envelope).await? {
            return Err(TakeFileError::TooMany);
        }
        Ok(IncomingFile {
            id,
            jobs: Arc::clone(&self.jobs),
            is_queued: false,
            pending: BytesMut::new(),
            parts: 0,
            bytes: 0,
            read: None,
            lines: 0,
            open_quote: None,
        })
    }

    /// Takes the next piece of a file.
    ///
    /// # Errors
    /// When the file is too large or no table of contacts, or the store is away.
    pub async fn more(&self, file: &mut IncomingFile, piece: &[u8]) -> Result<(), TakeFileError> {
        file.bytes += piece.len() as u64;
        if file.bytes > self.bytes_max {
            return Err(TakeFileError::TooLarge(self.bytes_max));
        }
        file.pending.extend_from_slice(piece);
        if file.read.is_some() {
            file.count(piece)?;
        } else if file.pending.len() >= HEAD_BYTES_MAX {
            file.look()?;
        }
        while file.pending.len() >= PART_BYTES {
            let part = file.pending.split_to(PART_BYTES).freeze();
            self.keep(file, part).await?;
        }
        Ok(())
    }

    /// Queues a file that is whole.
    ///
    /// # Errors
    /// When it is no table of contacts or has none, too many jobs wait, or the store or the key does not allow it.
    pub async fn end(
        &self,
        mut file: IncomingFile,
        file_name: Option<String>,
        envelope: Envelope,
    ) -> Result<Job, TakeFileError> {
        if file.read.is_none() {
            file.look()?;
        }
        let (sheet, mut parser) = file.read.take().ok_or(SheetRefused::Empty)?;
        let mut last = Vec::new();
        parser.end(&mut |record| last.push(record));
        for record in &last {
            file.note(record);
        }
        file.check()?;
        if !file.pending.is_empty() {
            let part = file.pending.split().freeze();
            self.keep(&mut file, part).await?;
        }
        let rows = file.lines.saturating_sub(1);
        if rows == 0 {
            return Err(TakeFileError::NoLines);
        }
        let task = Task::Import(ImportTask { file_name, sheet, rows });
        let queued = self.jobs.queue(file.id, task, envelope).await?.ok_or(TakeFileError::TooMany)?;
        file.is_queued = true;
        Ok(queued)
    }

    async fn keep(&self, file: &mut IncomingFile, part: Bytes) -> Result<(), StoreError> {
        self.jobs.append_upload(file.id, file.parts, part).await?;
        file.parts += 1;
        Ok(())
    }
}

impl IncomingFile {
    /// Looks at the beginning, all of which is pending, to see how it is read.
    fn look(&mut self) -> Result<(), SheetRefused> {
        let head = &self.pending[..self.pending.len().min(HEAD_BYTES_MAX)];
        let sheet = Sheet::of_head(head)?;
        let parser = SheetParser::new(sheet.delimiter());
        self.read = Some((sheet, parser));
        let pending = self.pending.clone();
        self.count(&pending)
    }

    /// Counts the lines that end within the next bytes.
    fn count(&mut self, bytes: &[u8]) -> Result<(), SheetRefused> {
        let Some((sheet, mut parser)) = self.read.take() else { return Ok(()) };
        parser.push(bytes, &mut |record| self.note(&record));
        self.read = Some((sheet, parser));
        self.check()
    }

    fn note(&mut self, record: &Record) {
        self.lines += 1;
        if record.is_cut && record.has_line_break {
            self.open_quote.get_or_insert(record.line);
        }
    }

    /// Of a line that is too long because a quotation mark is not closed, most would be lost.
    fn check(&self) -> Result<(), SheetRefused> {
        self.open_quote.map_or(Ok(()), |line| Err(SheetRefused::OpenQuote(line)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use domain::port::{MockIds, MockJobStore};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn envelope() -> Envelope {
        Envelope::of_program("prueba", Timestamp::UNIX_EPOCH)
    }

    fn take(jobs: MockJobStore, bytes_max: u64) -> TakeContactFile {
        let mut ids = MockIds::new();
        ids.expect_next().returning(Uuid::nil);
        TakeContactFile { jobs: Arc::new(jobs), ids: Arc::new(ids), bytes_max }
    }

    fn open() -> MockJobStore {
        let mut jobs = MockJobStore::new();
        jobs.expect_open_upload().returning(|_, _| Ok(true));
        jobs
    }

    async fn send(take: &TakeContactFile, pieces: &[&[u8]]) -> Result<Job, TakeFileError> {
        let mut file = take.begin(envelope()).await?;
        for piece in pieces {
            take.more(&mut file, piece).await?;
        }
        take.end(file, Some("norte.csv".to_owned()), envelope()).await
    }

    #[tokio::test]
    async fn a_file_is_kept_byte_for_byte_and_its_lines_are_counted() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let mut jobs = open();
        let parts = Arc::clone(&kept);
        jobs.expect_append_upload().returning(move |_, part, bytes| {
            parts.lock().unwrap().push((part, bytes));
            Ok(())
        });
        jobs.expect_queue()
            .withf(|_, task, _| matches!(task, Task::Import(import) if import.rows == 40_000))
            .returning(|_, _, _| Ok(None));
        jobs.expect_drop_upload().times(1).returning(|_| Ok(()));
        let mut text = b"telefono;nombre\n".to_vec();
        for n in 0..40_000 {
            text.extend_from_slice(format!("55{n:08};\"RUIZ; {n}\"\n").as_bytes());
        }
        let pieces: Vec<&[u8]> = text.chunks(10_007).collect();
        let refused = send(&take(jobs, 10_000_000), &pieces).await.unwrap_err();
        tokio::task::yield_now().await;
        // The store of this test has no room for another job.
        assert!(matches!(refused, TakeFileError::TooMany), "{refused}");
        let kept = kept.lock().unwrap();
        assert!(kept.len() > 2 && kept.iter().enumerate().all(|(n, (part, _))| n == *part as usize));
        assert_eq!(kept.concat_bytes(), text);
    }

    trait Concat {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl Concat for Vec<(u32, Bytes)> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect()
        }
    }

    #[tokio::test]
    async fn a_file_that_is_refused_is_forgotten() {
        let open_quote = format!("phone,name\n5512345670,\"ANA\n{}", "5512345671,BETO\n".repeat(9_000));
        let wrong: [(&[&[u8]], u64); 5] = [
            (&[open_quote.as_bytes()], 1_000_000),
            (&[b""], 100),
            (&[b"telefono\n"], 100),
            (&[b"nombre\nANA\n"], 100),
            (&[b"telefono\n", b"5512345670\n"], 15),
        ];
        for (pieces, bytes_max) in wrong {
            let mut jobs = open();
            jobs.expect_append_upload().returning(|_, _, _| Ok(()));
            jobs.expect_queue().never();
            jobs.expect_drop_upload().times(1).returning(|_| Ok(()));
            let refused = send(&take(jobs, bytes_max), pieces).await;
            assert!(refused.is_err(), "{bytes_max}");
            // Let the file be forgotten.
            tokio::task::yield_now().await;
        }
    }
}
