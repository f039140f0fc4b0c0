//! A contact file in memory.

use std::hash::{DefaultHasher, Hash, Hasher};

use async_trait::async_trait;
use domain::analysis::SourceTable;
use domain::port::{ReadRange, SourceError, SourceReader};
use domain::source::{MissingLada, SourceBatch, SourceColumn, SourceDescription, SourceStatistics};
use futures::stream::{self, BoxStream, StreamExt};

use crate::fixtures::{Row, batch_of};

/// What a contact file holds, its rows by ascending id.
#[derive(Debug, Clone, Default)]
pub struct SourceContents {
    /// The rows of `numeros`.
    pub rows: Vec<Row>,
    /// The rows of `estadisticas_migracion`; `None` when there is no such table.
    pub statistics: Option<Vec<SourceStatistics>>,
    /// The rows of `ladas_faltantes`; `None` when there is no such table.
    pub missing_ladas: Option<Vec<MissingLada>>,
}

impl SourceContents {
    /// A file with these rows and no other table.
    #[must_use]
    pub fn of(rows: Vec<Row>) -> Self {
        Self { rows, statistics: None, missing_ladas: None }
    }
}

/// [`SourceReader`] over rows in memory.
#[derive(Debug, Clone)]
pub struct FakeSource {
    contents: SourceContents,
    damaged_after_rows: Option<usize>,
}

impl FakeSource {
    /// A file with these contents.
    #[must_use]
    pub fn new(contents: SourceContents) -> Self {
        Self { contents, damaged_after_rows: None }
    }

    /// The file with the page behind its first `rows` rows damaged.
    #[must_use]
    pub fn damaged_after(mut self, rows: usize) -> Self {
        self.damaged_after_rows = Some(rows);
        self
    }
}

#[async_trait]
impl SourceReader for FakeSource {
    async fn describe(&self) -> Result<SourceDescription, SourceError> {
        let mut hasher = DefaultHasher::new();
        // A double has no hash of its own; the text of a row tells rows apart just as well.
        self.contents.rows.iter().for_each(|row| format!("{row:?}").hash(&mut hasher));
        Ok(SourceDescription {
            file_name: "numeros.db".to_owned(),
            path: None,
            file_bytes: 4096,
            fingerprint: format!("{:064x}", hasher.finish()),
            rows: u64::try_from(self.contents.rows.len()).unwrap(),
            last_id: self.contents.rows.last().map_or(0, Row::id),
        })
    }

    fn batches(&self, range: ReadRange) -> BoxStream<'static, Result<SourceBatch, SourceError>> {
        let rows_max = range.rows_max.map_or(usize::MAX, |rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let readable = self.damaged_after_rows.unwrap_or(usize::MAX);
        let (good, beyond): (Vec<_>, Vec<_>) =
            self.contents.rows.iter().enumerate().partition(|(at, _)| *at < readable);
        let wanted: Vec<_> = good
            .into_iter()
            .map(|(_, row)| row.clone())
            .filter(|row| row.id() > range.after_id)
            .take(rows_max)
            .collect();
        let is_cut_short = !beyond.is_empty() && wanted.len() < rows_max;
        let batches: Vec<_> = wanted.chunks(range.batch_rows.max(1)).map(|rows| Ok(batch_of(rows))).collect();
        let damage = is_cut_short.then(|| {
            Err(SourceError::Damaged {
                path: "numeros.db".to_owned(),
                reason: "a page cannot be read".to_owned(),
            })
        });
        stream::iter(batches.into_iter().chain(damage)).boxed()
    }

    async fn tables(&self) -> Result<Vec<SourceTable>, SourceError> {
        let columns = SourceColumn::ALL.map(|column| (column.name().to_owned(), String::new())).to_vec();
        let rows = u64::try_from(self.contents.rows.len()).unwrap();
        Ok(vec![SourceTable { name: "numeros".to_owned(), rows, columns }])
    }

    async fn statistics(&self) -> Result<Vec<SourceStatistics>, SourceError> {
        Ok(self.contents.statistics.clone().unwrap_or_default())
    }

    async fn missing_ladas(&self) -> Result<Vec<MissingLada>, SourceError> {
        Ok(self.contents.missing_ladas.clone().unwrap_or_default())
    }
}
