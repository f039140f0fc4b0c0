//! `migrator suppressions`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use application::{LoadCommand, LoadSuppressions};
use domain::phone::{PhoneNumber, PhoneRejection};
use domain::port::{BegunLoad, LoadedNumbers, SuppressionLoad};
use domain::request::Envelope;
use domain::suppression::SuppressionList;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use settings::Sources;
use store_postgres::PostgresSuppressionStore;
use tokio::sync::mpsc;

use super::normalize::column::Column;
use super::normalize::lines::Lines;
use crate::cli::SuppressionsCommand;
use crate::failure::Failure;
use crate::stop::StopRequest;
use crate::terminal::{print_table, thousands};
use crate::wiring;

/// Numbers that are stored at once.
const NUMBERS_AT_ONCE: usize = 10_000;

/// Batches that are read ahead.
const BATCHES_AHEAD: usize = 2;

/// So many refused lines are shown to people; the others are counted.
const REFUSED_SHOWN_MAX: u64 = 20;

pub(crate) async fn run(command: &SuppressionsCommand, sources: &Sources) -> Result<(), Failure> {
    let SuppressionsCommand::Load { file, source, listed_on, column, json } = command;
    let unreadable =
        |error: io::Error| Failure::Input(format!("{} cannot be opened: {error}", file.display()));
    let opened = File::open(file).map_err(unreadable)?;
    let bytes = opened.metadata().map_err(unreadable)?.len();
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let use_case = LoadSuppressions {
        suppressions: Arc::new(PostgresSuppressionStore::new(database)),
        zone: settings.time.zone.clone(),
    };
    let load = LoadCommand { list: *source, file_name: Some(name(file)), listed_on: *listed_on };
    let envelope = Envelope::of_program("migrator", domain::port::Clock::now(&*wiring::clock()));
    let stop = StopRequest::listen();
    // Without an Idempotency-Key every load is a new one.
    let BegunLoad::New(load) = use_case.begin(load, envelope).await? else { return Ok(()) };
    let told = Told { is_json: *json, bar: bar(bytes, *json) };
    let batches = read_ahead(told.bar.wrap_read(opened), column.clone());
    let (numbers, refused) = store(load, batches, &told, &stop, file).await?;
    told.bar.finish_and_clear();
    told.finished(*source, numbers, &refused);
    Ok(())
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

fn bar(bytes: u64, is_json: bool) -> ProgressBar {
    let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(bytes) };
    if let Ok(style) = ProgressStyle::with_template(
        "{msg} numbers {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}, {eta} left",
    ) {
        bar.set_style(style);
    }
    bar
}

/// Some lines of the file.
#[derive(Default)]
struct Batch {
    numbers: Vec<PhoneNumber>,
    refused: Vec<RefusedLine>,
}

/// A line that is no number, without what it says beyond the last two digits.
struct RefusedLine {
    line: u64,
    reason: PhoneRejection,
    masked: String,
}

type Read = Result<Batch, String>;

/// Reads the file on a thread of its own, never further ahead than there is room for.
fn read_ahead(input: impl io::Read + Send + 'static, column: Option<String>) -> mpsc::Receiver<Read> {
    let (send, batches) = mpsc::channel(BATCHES_AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(Ended::Unreadable(sentence)) = read(input, column.as_deref(), &send) {
            // Nobody is left to tell when the other side is gone.
            let _ = send.blocking_send(Err(sentence));
        }
    });
    batches
}

/// Why reading ended before the file did.
enum Ended {
    Unreadable(String),
    NobodyListens,
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

fn read(input: impl io::Read, asked: Option<&str>, send: &mpsc::Sender<Read>) -> Result<(), Ended> {
    let pass_on =
        |batch: &mut Batch| send.blocking_send(Ok(std::mem::take(batch))).map_err(|_| Ended::NobodyListens);
    let mut batch = Batch::default();
    let mut column: Option<Column> = None;
    let mut line_number = 0;
    Lines::of(input)?.each::<Ended>(|line| {
        line_number += 1;
        let text = line.text;
        if column.is_none() {
            let (found, has_names) =
                Column::find(asked.unwrap_or("1"), &text).map_err(|refused| Ended::Unreadable(refused.0))?;
            column = Some(found);
            // Without a column's name, a first line without a digit is a heading.
            if has_names || (asked.is_none() && !text.contains(|letter: char| letter.is_ascii_digit())) {
                return Ok(());
            }
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        match (PhoneNumber::parse(&text), asked, &mut column) {
            (Ok(phone), None, _) => batch.numbers.push(phone),
            (whole, _, column) => {
                let field = column.as_mut().map(|column| column.of(&text));
                let parsed = field.as_deref().map_or(whole, PhoneNumber::parse);
                match parsed {
                    Ok(phone) => batch.numbers.push(phone),
                    Err(reason) => {
                        let masked = masked(field.as_deref().unwrap_or_default());
                        batch.refused.push(RefusedLine { line: line_number, reason, masked });
                    }
                }
            }
        }
        if batch.numbers.len() + batch.refused.len() >= NUMBERS_AT_ONCE {
            pass_on(&mut batch)?;
        }
        Ok(())
    })?;
    pass_on(&mut batch)
}

/// The last two digits of what is no number, where it has enough of them to hide the rest.
fn masked(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    match digits.as_slice() {
        [_, _, _, _, .., one, other] => format!("•••{one}{other}"),
        _ => "•••".to_owned(),
    }
}

/// How many lines were refused, by reason.
#[derive(Default)]
struct Refused([u64; PhoneRejection::ALL.len()]);

impl Refused {
    fn count(&mut self, reason: PhoneRejection) -> u64 {
        if let Some(place) = PhoneRejection::ALL.iter().position(|known| *known == reason) {
            self.0[place] += 1;
        }
        self.sum()
    }

    fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        PhoneRejection::ALL
            .iter()
            .zip(self.0)
            .filter(|(_, lines)| *lines > 0)
            .map(|(reason, lines)| (reason.as_str(), lines))
    }
}

async fn store(
    mut load: Box<dyn SuppressionLoad>,
    mut batches: mpsc::Receiver<Read>,
    told: &Told,
    stop: &StopRequest,
    file: &Path,
) -> Result<(LoadedNumbers, Refused), Failure> {
    let mut refused = Refused::default();
    let mut sum = LoadedNumbers::default();
    while let Some(batch) = batches.recv().await {
        if stop.is_made() {
            return Err(Failure::Interrupted("stopped; nothing of the file is stored".to_owned()));
        }
        let batch = batch
            .map_err(|sentence| Failure::Input(format!("{} cannot be read: {sentence}", file.display())))?;
        for line in &batch.refused {
            let refused = refused.count(line.reason);
            told.refused(line, refused);
        }
        if !batch.numbers.is_empty() {
            let some = load.append(batch.numbers).await?;
            sum.added += some.added;
            sum.already_there += some.already_there;
            told.progressed(sum, refused.sum());
        }
    }
    if sum == LoadedNumbers::default() {
        let sentence =
            format!("{} holds no number that can be written to; nothing is stored", file.display());
        return Err(Failure::Input(sentence));
    }
    Ok((load.finish(refused.sum()).await?, refused))
}

/// What is told while it goes, and at the end.
struct Told {
    is_json: bool,
    bar: ProgressBar,
}

impl Told {
    fn refused(&self, line: &RefusedLine, so_far: u64) {
        let RefusedLine { line, reason, masked } = line;
        if self.is_json {
            telemetry::put_line(
                &json!({"event": "refused", "line": line, "reason": reason.as_str(), "number": masked}),
            );
        } else if so_far <= REFUSED_SHOWN_MAX {
            self.bar.suspend(|| eprintln!("  line {line}: {masked}: {reason}"));
        }
    }

    fn progressed(&self, sum: LoadedNumbers, refused: u64) {
        let LoadedNumbers { added, already_there } = sum;
        if self.is_json {
            telemetry::put_line(&json!({
                "event": "progress", "added": added, "already_there": already_there, "refused": refused,
            }));
        } else {
            self.bar.set_message(thousands(added + already_there));
        }
    }

    fn finished(&self, list: SuppressionList, numbers: LoadedNumbers, refused: &Refused) {
        let LoadedNumbers { added, already_there } = numbers;
        if self.is_json {
            let by_reason: serde_json::Map<_, _> =
                refused.by_reason().map(|(reason, lines)| (reason.to_owned(), json!(lines))).collect();
            telemetry::put_line(&json!({
                "event": "finished", "source": list.as_str(), "added": added, "already_there": already_there,
                "refused": refused.sum(), "refused_by_reason": by_reason,
            }));
            return;
        }
        let row = |name: &str, count: u64| (name.to_owned(), thousands(count));
        let mut rows =
            vec![row("added", added), row("already there", already_there), row("refused", refused.sum())];
        rows.extend(refused.by_reason().map(|(reason, lines)| row(&format!("  {reason}"), lines)));
        print_table(&rows);
        eprintln!("nothing is sent to the numbers of {list} from now on");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str, column: Option<&str>) -> (Vec<u64>, Vec<(u64, &'static str, String)>) {
        let (send, mut batches) = mpsc::channel(100);
        assert!(read(text.as_bytes(), column, &send).is_ok());
        drop(send);
        let (mut numbers, mut refused) = (Vec::new(), Vec::new());
        while let Ok(batch) = batches.try_recv() {
            let batch = batch.unwrap();
            numbers.extend(batch.numbers.into_iter().map(PhoneNumber::national));
            refused
                .extend(batch.refused.into_iter().map(|line| (line.line, line.reason.as_str(), line.masked)));
        }
        (numbers, refused)
    }

    #[test]
    fn numbers_are_read_as_people_and_registers_write_them() {
        let text = "telefono\n5512345678\n+52 33 1234 5678\n\n(55) 1234-5679,2026-01-01\n55 1234 567\nhola\n";
        let (numbers, refused) = read_all(text, None);
        assert_eq!(numbers, [5_512_345_678, 3_312_345_678, 5_512_345_679]);
        assert_eq!(refused.len(), 2);
        assert_eq!((refused[0].0, refused[0].1, refused[0].2.as_str()), (6, "too_short", "•••67"));
        assert_eq!((refused[1].0, refused[1].2.as_str()), (7, "•••"));
    }

    #[test]
    fn a_column_is_taken_by_its_name_or_its_place() {
        let text = "nombre;telefono\nAna;5512345678\nLuis;x\n";
        let (numbers, refused) = read_all(text, Some("telefono"));
        assert_eq!((numbers.as_slice(), refused.len()), (&[5_512_345_678][..], 1));
        let (numbers, refused) = read_all("Ana;5512345678\n", Some("2"));
        assert_eq!((numbers.len(), refused.len()), (1, 0));
    }
}
