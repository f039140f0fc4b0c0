//! What an import brought is compared with what its file holds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::import::{
    Entry, Import, ImportId, ImportState, NOTHING_READ, Refusal, SortedBatch, SourceRowIds, TakenNumbers,
};
use domain::port::{
    ContactStore, Ids, ImportInspection, ReadRange, SourceError, SourceReader, StoreError, StoredRows,
};
use domain::verification::{ContactCounts, FILLED_COLUMNS, Finding, differences};
use futures::StreamExt;

/// Rows read at once.
const BATCH_ROWS: usize = 10_000;
/// Of what differs so much is told.
const DIFFERENCES_TOLD: usize = 10;
/// Refused rows read at once.
const REFUSED_PAGE: u32 = 100_000;

/// Verifies imports.
pub struct VerifyImport {
    /// Says what is there.
    pub inspection: Arc<dyn ImportInspection>,
    /// Shows single contacts.
    pub contacts: Arc<dyn ContactStore>,
    /// Draws the sample.
    pub ids: Arc<dyn Ids>,
}

/// How thoroughly.
#[derive(Debug, Clone, Copy)]
pub struct VerifyCommand {
    /// Rows of the file that are compared field by field, drawn at random; about so many.
    pub sample_rows: u32,
    /// Of a hundred rows that claim to be valid, how many must have been kept.
    pub valid_percent_min: f64,
}

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no such import, or none at all.
    #[error("there is no such import; leave its id out for the last one")]
    Missing,
    /// The file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store refused or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VerifyImport {
    /// One import, or the last that began.
    ///
    /// # Errors
    /// When there is none, or the store is away.
    pub async fn find(&self, id: Option<ImportId>) -> Result<Import, VerifyError> {
        self.inspection.import(id).await?.ok_or(VerifyError::Missing)
    }

    /// Compares what is there with what was counted on the way in and, where the file is there, with the file.
    /// `on_rows` hears how many of its rows were read.
    ///
    /// # Errors
    /// When the file cannot be read or the store is away.
    pub async fn execute(
        &self,
        import: &Import,
        source: Option<&dyn SourceReader>,
        command: VerifyCommand,
        mut on_rows: impl FnMut(u64) + Send,
    ) -> Result<Vec<Finding>, VerifyError> {
        let there = self.inspection.stored_rows(import.id).await?;
        let counts = self.inspection.contact_counts(import.id).await?;
        let mut findings = vec![ended(import)];
        findings.extend(counted_on_the_way_in(import, &there, command.valid_percent_min));
        match source {
            Some(source) => {
                findings.extend(self.compare(import, source, &there, &counts, command, &mut on_rows).await?);
            }
            None => findings.push(Finding::bad(
                "source",
                "the file that was imported is not where it was; give it with --source",
            )),
        }
        findings.extend(self.inspection.findings().await?);
        Ok(findings)
    }

    async fn compare(
        &self,
        import: &Import,
        source: &dyn SourceReader,
        there: &StoredRows,
        counts: &ContactCounts,
        command: VerifyCommand,
        on_rows: &mut (impl FnMut(u64) + Send),
    ) -> Result<Vec<Finding>, VerifyError> {
        let described = source.describe().await?;
        if described.fingerprint != import.source.fingerprint {
            let detail = "the file is not the one that was imported, or was changed since";
            return Ok(vec![Finding::bad("source", detail)]);
        }
        let mut file = FileCounts::default();
        let by_store = self.refused_by_store(import.id).await?;
        let sample = Sample::of(self.ids.next().as_u128(), command.sample_rows, import.tally.rows_read);
        let mut taken = TakenNumbers::default();
        let mut batches = source.batches(ReadRange {
            after_id: NOTHING_READ,
            rows_max: Some(import.tally.rows_read),
            batch_rows: BATCH_ROWS,
        });
        while let Some(batch) = batches.next().await {
            let batch = SortedBatch::sort(batch?, &mut taken, None);
            for entry in batch.entries() {
                let entry = by_store.judge(entry);
                if sample.has(file.rows) {
                    file.compared += 1;
                    file.note(self.difference(import.id, &entry).await?);
                }
                file.count(&entry);
            }
            on_rows(file.rows);
        }
        let last = import.last_source_row_id;
        Ok(vec![
            Finding::of("rows of the file", &file.rows, &import.tally.rows_read),
            Finding::unless("last row", &file.beyond(last), format!("id {last}")),
            Finding::of("imported, by the file", &there.contacts, &file.expected.contacts),
            Finding::unless(
                "refused by reason",
                &refused_otherwise(there, &file.expected),
                "as the file says",
            ),
            Finding::of("valid contacts", &counts.valid, &file.counts.valid),
            Finding::unless(
                "contacts by area code",
                &ladas_otherwise(counts, &file.counts),
                format!("{} area codes as the file says", counts.by_lada.len()),
            ),
            Finding::unless(
                "columns that are filled",
                &filled_otherwise(counts, &file.counts),
                format!("{} columns as the file says", FILLED_COLUMNS.len()),
            ),
            Finding::unless(
                "sample",
                &file.different,
                format!("{} rows are as the file says", file.compared),
            ),
        ])
    }

    async fn refused_by_store(&self, id: ImportId) -> Result<RefusedByStore, StoreError> {
        let mut refused = RefusedByStore::default();
        let mut after = None;
        loop {
            let page = self.inspection.refused_by_store(id, after, REFUSED_PAGE).await?;
            for (id, refusal) in &page {
                let rows =
                    if refusal.is_duplicate() { &mut refused.existing } else { &mut refused.not_storable };
                rows.insert(*id);
            }
            after = page.last().map(|(id, _)| *id);
            if page.len() < REFUSED_PAGE as usize {
                return Ok(refused);
            }
        }
    }

    /// How what is there of a row differs from what the file says.
    async fn difference(&self, id: ImportId, entry: &Entry<'_>) -> Result<Option<String>, StoreError> {
        Ok(match entry {
            Entry::Contact(row, contact) => match self.contacts.find_by_phone(contact.phone).await? {
                None => Some(format!("row {} is missing", row.id())),
                Some(stored) => {
                    let fields = differences(&stored, contact);
                    (!fields.is_empty()).then(|| format!("row {} differs in {}", row.id(), fields.join(", ")))
                }
            },
            Entry::Refused(row, refusal) => {
                let stored = self.inspection.refusal(id, row.id()).await?;
                (stored != Some(*refusal)).then(|| {
                    let found = stored.map_or("nothing", Refusal::reason);
                    format!("row {} is {}, and {found} is kept of it", row.id(), refusal.reason())
                })
            }
        })
    }
}

/// Rows that were refused for what the file does not tell.
#[derive(Default)]
struct RefusedByStore {
    /// Their number was there before the import.
    existing: SourceRowIds,
    /// The store did not take them.
    not_storable: SourceRowIds,
}

impl RefusedByStore {
    fn judge<'a>(&self, entry: Entry<'a>) -> Entry<'a> {
        match entry {
            // Where the number was there before, so was that of its duplicates.
            Entry::Contact(row, _) | Entry::Refused(row, Refusal::Duplicate)
                if self.existing.contains(row.id()) =>
            {
                Entry::Refused(row, Refusal::DuplicateExisting)
            }
            Entry::Contact(row, _) if self.not_storable.contains(row.id()) => {
                Entry::Refused(row, Refusal::NotStorable)
            }
            Entry::Contact(..) | Entry::Refused(..) => entry,
        }
    }
}

/// Rows drawn at random, each with the same chance.
struct Sample {
    seed: u128,
    rows: u64,
    of: u64,
}

impl Sample {
    fn of(seed: u128, rows: u32, of: u64) -> Self {
        Self { seed, rows: rows.into(), of: of.max(1) }
    }

    fn has(&self, place: u64) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.seed, place).hash(&mut hasher);
        hasher.finish() % self.of < self.rows
    }
}

/// What reading the file comes to.
#[derive(Default)]
struct FileCounts {
    rows: u64,
    last_id: Option<i64>,
    expected: StoredRows,
    counts: ContactCounts,
    compared: u64,
    different: Vec<String>,
}

impl FileCounts {
    fn count(&mut self, entry: &Entry<'_>) {
        self.rows += 1;
        match entry {
            Entry::Contact(row, contact) => {
                self.last_id = Some(row.id());
                self.expected.contacts += 1;
                self.counts.count(contact);
            }
            Entry::Refused(row, refusal) => {
                self.last_id = Some(row.id());
                *self.expected.refused.entry(*refusal).or_default() += 1;
            }
        }
    }

    fn note(&mut self, difference: Option<String>) {
        if self.different.len() < DIFFERENCES_TOLD {
            self.different.extend(difference);
        }
    }

    fn beyond(&self, checkpoint: i64) -> Vec<String> {
        let last = self.last_id.filter(|last| *last != checkpoint);
        last.map(|last| format!("the checkpoint is id {checkpoint}, the last row that was read has {last}"))
            .into_iter()
            .collect()
    }
}

fn ended(import: &Import) -> Finding {
    let detail =
        format!("{} of {} rows of {}", import.tally.rows_read, import.source.rows, import.source.file_name);
    match import.state {
        ImportState::Completed | ImportState::Stopped => {
            Finding::good("state", format!("{}: {detail}", import.state.as_str()))
        }
        ImportState::Loading | ImportState::RollingBack | ImportState::RolledBack => {
            Finding::bad("state", format!("{}: {detail}", import.state.as_str()))
        }
    }
}

fn counted_on_the_way_in(import: &Import, there: &StoredRows, valid_percent_min: f64) -> Vec<Finding> {
    let tally = &import.tally;
    let sum = tally.imported + tally.duplicates + tally.rejected;
    let percent = tally.valid_percent();
    vec![
        Finding::of("imported + duplicates + rejected", &sum, &tally.rows_read),
        Finding::of("contacts", &there.contacts, &tally.imported),
        Finding::of("duplicates", &there.duplicates(), &tally.duplicates),
        Finding::of("rejected", &there.rejected(), &tally.rejected),
        Finding {
            what: "valid rows kept",
            is_good: percent >= valid_percent_min,
            detail: format!("{percent:.3} %, at least {valid_percent_min} %"),
        },
    ]
}

fn told(differences: impl Iterator<Item = String>) -> Vec<String> {
    differences.take(DIFFERENCES_TOLD).collect()
}

fn refused_otherwise(there: &StoredRows, file: &StoredRows) -> Vec<String> {
    told(Refusal::all().filter_map(|refusal| {
        let of = |rows: &StoredRows| rows.refused.get(&refusal).copied().unwrap_or_default();
        let (there, file) = (of(there), of(file));
        (there != file).then(|| format!("{}: {there} are there, {file} are in the file", refusal.reason()))
    }))
}

fn ladas_otherwise(there: &ContactCounts, file: &ContactCounts) -> Vec<String> {
    let ladas: std::collections::BTreeSet<_> = there.by_lada.keys().chain(file.by_lada.keys()).collect();
    told(ladas.into_iter().filter_map(|lada| {
        let of = |counts: &ContactCounts| counts.by_lada.get(lada).copied().unwrap_or_default();
        let name = lada.map_or_else(|| "none".to_owned(), |lada| lada.to_string());
        let (there, file) = (of(there), of(file));
        (there != file).then(|| format!("{name}: {there} are there, {file} are in the file"))
    }))
}

fn filled_otherwise(there: &ContactCounts, file: &ContactCounts) -> Vec<String> {
    let columns = FILLED_COLUMNS.iter().zip(there.filled.iter().zip(&file.filled));
    told(columns.filter(|(_, (there, file))| there != file).map(|(name, (there, file))| {
        format!("{name}: {there} contacts have one, {file} rows of the file do")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_about_as_large_as_is_asked_and_another_each_time() {
        let drawn = |seed| (0..100_000_u64).filter(move |place| Sample::of(seed, 1_000, 100_000).has(*place));
        for seed in [1, u128::MAX, 0x0192_3456_789a_7bcd_8123_4567_89ab_cdef] {
            let count = drawn(seed).count();
            assert!((800..1_200).contains(&count), "{count}");
        }
        assert_ne!(drawn(1).take(10).collect::<Vec<_>>(), drawn(2).take(10).collect::<Vec<_>>());
        assert!((0..10).all(|place| Sample::of(7, 1_000, 10).has(place)));
        assert!(!(0..10).any(|place| Sample::of(7, 0, 10).has(place)));
    }
}
