//! Jobs: work that takes longer than a request may. A worker does it bit by bit, and goes on where another was stopped.

use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringTreemap;
use uuid::Uuid;

use crate::contact::{ContactFields, FieldRefused, NewContact, Tag};
use crate::lookup::LookupTally;
use crate::money::Money;
use crate::numbering::{Line, NumberingPlan};
use crate::phone::{PhoneNumber, PhoneRejection};
use crate::segment::{SegmentDefinition, SegmentVersion};
use crate::sheet::{Record, Sheet};

/// Identifies a job: a version 7 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub Uuid);

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Its file is still coming in.
    Uploading,
    /// It waits for a worker.
    Queued,
    /// A worker is at it, or was until it was lost.
    Running,
    /// All of it is done.
    Completed,
    /// It cannot be done.
    Failed,
    /// Somebody ended it; what was done stays.
    Canceled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Uploading, Self::Queued, Self::Running, Self::Completed, Self::Failed, Self::Canceled];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing more will be done.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Canceled => true,
            Self::Uploading | Self::Queued | Self::Running => false,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// The contacts of a file are added.
    Import(ImportTask),
    /// The contacts of a segment get tags, or lose them.
    Tag(TagTask),
    /// The numbers of a segment whose line type is unknown are looked up.
    LookUp(LookupTask),
}

impl Task {
    /// The name of its kind in the API and the database.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Import(_) => "contact_import",
            Self::Tag(_) => "contact_tagging",
            Self::LookUp(_) => "number_lookup",
        }
    }
}

/// A file whose contacts are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportTask {
    /// What its owner calls it.
    pub file_name: Option<String>,
    /// How it is read.
    pub sheet: Sheet,
    /// Lines behind the one that names the columns.
    pub rows: u64,
}

/// Tags that the contacts of a segment get or lose.
#[derive(Debug, Clone, PartialEq)]
pub struct TagTask {
    /// Whose.
    pub segment: SegmentDefinition,
    /// The saved segment that was, if it was one.
    pub saved_segment: Option<SegmentVersion>,
    /// Tags that they get.
    pub add: Vec<Tag>,
    /// Tags that they lose.
    pub remove: Vec<Tag>,
}

/// Numbers of a segment that are looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupTask {
    /// Whose.
    pub segment: SegmentDefinition,
    /// The saved segment that was, if it was one.
    pub saved_segment: Option<SegmentVersion>,
    /// The most that it may cost: what would cost more is not asked.
    pub cost_max: Money,
}

/// What a job has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobTally {
    /// Lines that became contacts.
    pub imported: u64,
    /// Lines whose number an earlier line has, or a contact.
    pub duplicates: u64,
    /// Lines that cannot be taken.
    pub rejected: u64,
    /// Contacts that the segment means.
    pub matched: u64,
    /// Tags that were added.
    pub tags_added: u64,
    /// Tags that were taken away.
    pub tags_removed: u64,
    /// Contacts that have too many tags to get more.
    pub left_out: u64,
    /// What became of numbers that were to be looked up.
    pub lookups: LookupTally,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Identifies it.
    pub id: JobId,
    /// What is to be done.
    pub task: Task,
    /// How far it has come.
    pub state: JobState,
    /// Where it goes on: lines that are accounted for, or the last contact that was looked at.
    pub checkpoint: i64,
    /// Where it will have ended.
    pub total: i64,
    /// What it has done.
    pub tally: JobTally,
    /// Why it failed.
    pub failure: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// From when on nothing is known of it any more.
    pub expires_at: Option<Timestamp>,
}

impl Job {
    /// How much of it is done, in hundredths.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    pub fn percent(&self) -> f64 {
        if self.state == JobState::Completed || self.total <= 0 {
            return if self.state == JobState::Completed { 100.0 } else { 0.0 };
        }
        (self.checkpoint.max(0) as f64 * 100.0 / self.total as f64).clamp(0.0, 100.0)
    }
}

/// Why a line of a file did not become a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRefused {
    /// An earlier line has the number.
    Duplicate,
    /// A contact has the number.
    DuplicateExisting,
    /// What stands there is no number of a person.
    Phone(PhoneRejection),
    /// A field cannot be kept as it is.
    Field(FieldRefused),
    /// It has more or fewer fields than there are columns.
    FieldCount {
        /// So many.
        found: usize,
        /// Of so many.
        columns: usize,
    },
    /// It is longer than any may be.
    TooLong,
    /// A field of it goes on over the end of a line.
    LineBreak,
}

impl LineRefused {
    /// Whether the number is taken, rather than none.
    #[must_use]
    pub fn is_duplicate(self) -> bool {
        match self {
            Self::Duplicate | Self::DuplicateExisting => true,
            Self::Phone(_) | Self::Field(_) | Self::FieldCount { .. } | Self::TooLong | Self::LineBreak => {
                false
            }
        }
    }

    /// The reason's name.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::DuplicateExisting => "duplicate_existing",
            Self::Phone(rejection) => rejection.as_str(),
            Self::Field(FieldRefused::TooLong { .. }) => "field_too_long",
            Self::Field(FieldRefused::UnknownState) => "unknown_state",
            Self::Field(FieldRefused::ConsentIsNoStatus) => "consent_is_no_status",
            Self::FieldCount { .. } => "field_count",
            Self::TooLong => "line_too_long",
            Self::LineBreak => "line_break_in_field",
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn detail(self) -> String {
        match self {
            Self::Duplicate => "an earlier line has this number".to_owned(),
            Self::DuplicateExisting => "a contact has this number already, and stays as it is".to_owned(),
            Self::Phone(rejection) => rejection.to_string(),
            Self::Field(refused) => format!("{}: {refused}", refused.field()),
            Self::FieldCount { found, columns } => {
                format!(
                    "it has {found} fields under {columns} columns; put fields that hold the delimiter in quotation marks"
                )
            }
            Self::TooLong => "it is longer, or has more fields, than a line may have".to_owned(),
            Self::LineBreak => {
                "a field goes on over the end of a line; a quotation mark that is opened there may not be closed".to_owned()
            }
        }
    }
}

/// The numbers of a file so far, so that the first of equal ones wins. A compressed bitmap: about 2 bytes a number.
#[derive(Debug, Default)]
pub struct SeenNumbers(RoaringTreemap);

impl SeenNumbers {
    /// Takes the number of a line that is accounted for already.
    pub fn pass_over(&mut self, record: &Record, sheet: &Sheet) {
        // What it was refused for is known.
        let _ = judge(record, sheet, self);
    }
}

/// Lines of a file, each a contact or refused.
#[derive(Debug)]
pub struct SheetBatch {
    lines: Vec<SheetLine>,
    plan: Option<Arc<NumberingPlan>>,
}

#[derive(Debug)]
struct SheetLine {
    record: Record,
    verdict: Result<(ContactFields, PhoneNumber), LineRefused>,
}

/// What becomes of a line.
#[derive(Debug)]
pub enum SheetEntry<'a> {
    /// It is a contact, if none has its number.
    Contact(&'a Record, Box<NewContact<'a>>),
    /// It is not, for this reason.
    Refused(&'a Record, LineRefused),
}

impl SheetBatch {
    /// Sorts lines: reads each, and takes its number unless an earlier line did. Contacts are classed by `plan`.
    #[must_use]
    pub fn sort(
        records: Vec<Record>,
        sheet: &Sheet,
        seen: &mut SeenNumbers,
        plan: Option<Arc<NumberingPlan>>,
    ) -> Self {
        let lines = records
            .into_iter()
            .map(|record| {
                let verdict = judge(&record, sheet, seen);
                SheetLine { record, verdict }
            })
            .collect();
        Self { lines, plan }
    }

    /// Lines held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether no line is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What becomes of each line, in order.
    pub fn entries(&self) -> impl Iterator<Item = SheetEntry<'_>> {
        self.lines.iter().map(|line| match &line.verdict {
            Err(refused) => SheetEntry::Refused(&line.record, *refused),
            Ok((fields, phone)) => {
                let contact = NewContact::written(fields, *phone, Line::of(*phone, self.plan.as_deref()));
                match contact {
                    Ok(contact) => SheetEntry::Contact(&line.record, Box::new(contact)),
                    Err(refused) => SheetEntry::Refused(&line.record, LineRefused::Field(refused)),
                }
            }
        })
    }
}

fn judge(
    record: &Record,
    sheet: &Sheet,
    seen: &mut SeenNumbers,
) -> Result<(ContactFields, PhoneNumber), LineRefused> {
    if record.is_cut {
        return Err(LineRefused::TooLong);
    }
    if record.has_line_break {
        return Err(LineRefused::LineBreak);
    }
    let (found, columns) = (record.fields.len(), sheet.header().len());
    let fields = sheet.read(record).ok_or(LineRefused::FieldCount { found, columns })?;
    let phone = PhoneNumber::parse(&fields.phone).map_err(LineRefused::Phone)?;
    // A line that is refused takes no number from one behind it.
    NewContact::written(&fields, phone, Line::UNKNOWN).map_err(LineRefused::Field)?;
    if seen.0.insert(phone.national()) { Ok((fields, phone)) } else { Err(LineRefused::Duplicate) }
}

/// A line that did not become a contact, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedLine {
    /// Where it begins in its file.
    pub line: u64,
    /// The reason's name.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// Its fields, as written.
    pub fields: Vec<String>,
}

/// Shows where it stands and nothing about the person.
impl std::fmt::Debug for RefusedLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefusedLine")
            .field("line", &self.line)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: u64, fields: &[&str]) -> Record {
        Record {
            line,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            is_cut: false,
            has_line_break: false,
        }
    }

    #[test]
    fn every_line_is_a_contact_or_refused_and_a_refused_one_takes_no_number() {
        let sheet = Sheet::of_head(b"phone,state,name\n").unwrap();
        let mut seen = SeenNumbers::default();
        let lines = vec![
            record(2, &["55 1234 5670", "XANADU", "a"]),
            record(3, &["55 1234 5670", "jal", "b"]),
            record(4, &["+525512345670", "", "c"]),
            record(5, &["hola", "", ""]),
            record(6, &["8112345670", ""]),
            Record { line: 7, fields: vec!["8".to_owned()], is_cut: true, has_line_break: false },
            Record { has_line_break: true, ..record(8, &["8112345670", "", "two\nlines"]) },
        ];
        let batch = SheetBatch::sort(lines, &sheet, &mut seen, None);
        let became: Vec<_> = batch
            .entries()
            .map(|entry| match entry {
                SheetEntry::Contact(record, contact) => {
                    (record.line, contact.state.map_or("none", |s| s.name()))
                }
                SheetEntry::Refused(record, refused) => (record.line, refused.reason()),
            })
            .collect();
        assert_eq!(
            became,
            [
                (2, "unknown_state"),
                (3, "Jalisco"),
                (4, "duplicate"),
                (5, "not_a_number"),
                (6, "field_count"),
                (7, "line_too_long"),
                (8, "line_break_in_field"),
            ]
        );
        assert_eq!((batch.len(), seen.0.len()), (7, 1));
    }

    #[test]
    fn a_job_tells_how_much_of_it_is_done() {
        let sheet = Sheet::of_head(b"phone\n").unwrap();
        let job = Job {
            id: JobId(Uuid::nil()),
            task: Task::Import(ImportTask { file_name: None, sheet, rows: 8 }),
            state: JobState::Running,
            checkpoint: 2,
            total: 8,
            tally: JobTally::default(),
            failure: None,
            created_by: "ana".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            expires_at: None,
        };
        let percent = |job: &Job| job.percent().to_string();
        assert_eq!(percent(&job), "25");
        assert_eq!(percent(&Job { total: 0, ..job.clone() }), "0");
        assert_eq!(percent(&Job { state: JobState::Completed, total: 0, ..job }), "100");
    }

    #[test]
    fn nothing_about_a_person_is_shown_by_debug() {
        let shown = format!("{:?}", record(2, &["5512345670", "JUANA"]));
        assert!(!shown.contains("55123") && !shown.contains("JUANA"), "{shown}");
    }
}
