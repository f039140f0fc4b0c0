//! A contact file is looked at before anything is imported.

use std::sync::Arc;

use domain::analysis::{SourceAnalysis, SourceTable};
use domain::import::{NOTHING_READ, TakenNumbers};
use domain::port::{ReadRange, SourceError, SourceReader};
use domain::source::SourceDescription;
use futures::StreamExt;

/// Rows looked at at once.
const BATCH_ROWS: usize = 10_000;

/// Analyses contact files.
pub struct AnalyzeSource {
    /// The file.
    pub source: Arc<dyn SourceReader>,
}

/// What a file is and holds.
#[derive(Debug)]
pub struct AnalyzedSource {
    /// What it is.
    pub description: SourceDescription,
    /// Its tables.
    pub tables: Vec<SourceTable>,
    /// What stands in its rows.
    pub analysis: SourceAnalysis,
}

impl AnalyzeSource {
    /// Reads the whole file; `on_rows` hears how many rows were read, of how many.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn execute(
        &self,
        mut on_rows: impl FnMut(u64, u64) + Send,
    ) -> Result<AnalyzedSource, SourceError> {
        let description = self.source.describe().await?;
        let tables = self.source.tables().await?;
        let mut analysis = SourceAnalysis::default();
        let mut taken = TakenNumbers::default();
        let mut batches =
            self.source.batches(ReadRange { after_id: NOTHING_READ, rows_max: None, batch_rows: BATCH_ROWS });
        while let Some(batch) = batches.next().await {
            analysis.add(batch?, &mut taken);
            on_rows(analysis.rows, description.rows);
        }
        Ok(AnalyzedSource { description, tables, analysis })
    }
}
