//! `migrator normalize`.

pub(super) mod column;
pub(super) mod lines;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use application::KnownPlan;
use domain::lada::Lada;
use domain::numbering::{Line, NumberingPlan};
use domain::phone::{Outcome, PhoneNumber, PhoneRejection};
use domain::port::PlanVersion;
use indicatif::{ProgressBar, ProgressStyle};
use settings::Sources;

use crate::cli::Normalize;
use crate::failure::Failure;
use crate::terminal::{print_table, thousands};
use crate::wiring;
use column::Column;
use lines::{LINE_BYTES_MAX, Lines};

/// How much is written at once.
const WRITE_BYTES: usize = 256 * 1024;

/// Of a line that is longer than it may be, so many characters stand in the answer.
const CUT_SHOWN_CHARS: usize = 64;

pub(crate) async fn run(command: &Normalize, sources: &Sources) -> Result<(), Failure> {
    let (version, plan) = plan_in_force(sources).await?.unzip();
    let out = io::stdout().lock();
    let column = command.column.as_deref();
    let done = if command.file == Path::new("-") {
        normalize(io::stdin().lock(), out, column, plan.as_deref())
    } else {
        let path = command.file.display();
        let unreadable = |error| Failure::Input(format!("{path} cannot be opened: {error}"));
        let file = File::open(&command.file).map_err(unreadable)?;
        let bar = bar(file.metadata().map_err(unreadable)?.len());
        let done = normalize(bar.wrap_read(file), out, column, plan.as_deref());
        bar.finish_and_clear();
        done
    };
    match done {
        // Whoever reads us had enough.
        Err(NormalizeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(NormalizeError::Output(error)) => {
            Err(Failure::Other(format!("the output cannot be written: {error}")))
        }
        Err(NormalizeError::Input(sentence)) => Err(Failure::Input(sentence)),
        Ok(answered) => {
            let mut rows = answered.rows();
            rows.extend(version.map(|version| {
                ("numbering plan".to_owned(), format!("version {}, {}", version.version, version.file_name))
            }));
            print_table(&rows);
            Ok(())
        }
    }
}

fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

/// The numbering plan in force, if a database is set that has one. Numbers are normalised without it, too.
async fn plan_in_force(sources: &Sources) -> Result<Option<(PlanVersion, Arc<NumberingPlan>)>, Failure> {
    let settings = wiring::load(sources)?;
    let Ok(database) = wiring::database(&settings) else { return Ok(None) };
    let known = KnownPlan::new(wiring::numbering_plans(database));
    if let Err(error) = known.refresh().await {
        eprintln!("migrator: every line type is unknown: {error}");
    }
    Ok(known.in_force())
}

#[derive(Debug)]
enum NormalizeError {
    Input(String),
    Output(io::Error),
}

impl From<csv::Error> for NormalizeError {
    fn from(error: csv::Error) -> Self {
        // The library's own conversion forgets what kind of failure it was.
        if let csv::ErrorKind::Io(below) = error.kind() {
            Self::Output(below.kind().into())
        } else {
            Self::Output(error.into())
        }
    }
}

/// What reading fails with; what writing fails with comes as an error of the CSV.
impl From<io::Error> for NormalizeError {
    fn from(error: io::Error) -> Self {
        Self::Input(format!("the input cannot be read: {error}"))
    }
}

/// How many lines were answered in each way.
#[derive(Debug, Default)]
struct Answered {
    accepted: u64,
    accepted_invalid: u64,
    rejected: [u64; PhoneRejection::ALL.len()],
    cut: u64,
}

impl Answered {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::AcceptedInvalid => self.accepted_invalid += 1,
            Outcome::Rejected(rejection) => {
                if let Some(place) = PhoneRejection::ALL.iter().position(|known| *known == rejection) {
                    self.rejected[place] += 1;
                }
            }
        }
    }

    fn rows(&self) -> Vec<(String, String)> {
        let rejected: u64 = self.rejected.iter().sum();
        let lines = self.accepted + self.accepted_invalid + rejected;
        let row = |name: &str, count: u64| (name.to_owned(), thousands(count));
        let mut rows = vec![
            row("lines", lines),
            row("accepted", self.accepted),
            row("accepted_invalid", self.accepted_invalid),
            row("rejected", rejected),
        ];
        let reasons = PhoneRejection::ALL.iter().zip(self.rejected).filter(|(_, count)| *count > 0);
        rows.extend(reasons.map(|(reason, count)| row(&format!("  {}", reason.as_str()), count)));
        if self.cut > 0 {
            rows.push(row(&format!("longer than {} MiB", LINE_BYTES_MAX >> 20), self.cut));
        }
        rows
    }
}

/// Answers every line of `input` with one of `output`, in order.
fn normalize(
    input: impl Read,
    output: impl Write,
    asked_column: Option<&str>,
    plan: Option<&NumberingPlan>,
) -> Result<Answered, NormalizeError> {
    let mut out = csv::WriterBuilder::new().buffer_capacity(WRITE_BYTES).from_writer(output);
    out.write_record([
        "input",
        "outcome",
        "e164",
        "reason",
        "line_type",
        "carrier",
        "city",
        "state_code",
        "timezone",
    ])?;
    let mut answered = Answered::default();
    let mut column = None;
    Lines::of(input)?.each(|line| {
        if let (None, Some(asked)) = (&column, asked_column) {
            let (found, has_names) =
                Column::find(asked, &line.text).map_err(|refused| NormalizeError::Input(refused.0))?;
            column = Some(found);
            if has_names {
                return Ok(());
            }
        }
        if line.is_cut {
            answered.cut += 1;
            let shown: String = line.text.chars().take(CUT_SHOWN_CHARS).collect();
            return write_answer(&mut out, &shown, Err(PhoneRejection::TooLong), plan, &mut answered);
        }
        let number = match &mut column {
            Some(column) => column.of(&line.text),
            None => line.text,
        };
        write_answer(&mut out, &number, PhoneNumber::parse(&number), plan, &mut answered)
    })?;
    out.flush().map_err(NormalizeError::Output)?;
    Ok(answered)
}

fn write_answer(
    out: &mut csv::Writer<impl Write>,
    input: &str,
    parsed: Result<PhoneNumber, PhoneRejection>,
    plan: Option<&NumberingPlan>,
    answered: &mut Answered,
) -> Result<(), NormalizeError> {
    let outcome = Outcome::of(parsed);
    answered.count(outcome);
    let Ok(phone) = parsed else {
        out.write_record([
            input,
            outcome.as_str(),
            "",
            outcome.reason().unwrap_or_default(),
            "",
            "",
            "",
            "",
            "",
        ])?;
        return Ok(());
    };
    let line = Line::of(phone, plan);
    let place = phone.lada().and_then(Lada::place);
    out.write_record([
        input,
        outcome.as_str(),
        phone.e164().as_str(),
        outcome.reason().unwrap_or_default(),
        line.line_type.as_str(),
        line.carrier.unwrap_or_default(),
        place.map_or("", |place| place.city.as_str()),
        place.map_or("", |place| place.state.as_str()),
        place.map_or("", |place| place.timezone.as_str()),
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers_of(input: &[u8], column: Option<&str>) -> Result<Vec<String>, NormalizeError> {
        let mut out = Vec::new();
        normalize(input, &mut out, column, None)?;
        Ok(String::from_utf8(out).unwrap().lines().skip(1).map(str::to_owned).collect())
    }

    fn answers(input: &[u8]) -> Vec<String> {
        answers_of(input, None).unwrap()
    }

    #[test]
    fn every_line_gets_one_answer_in_its_order() {
        let got = answers(b"55 1234 5670\r\n\nhola\n2045550149");
        assert_eq!(got.len(), 4);
        assert!(got[0].starts_with("55 1234 5670,accepted,+525512345670,,unknown,,"), "{}", got[0]);
        assert!(got[0].ends_with(",CMX,America/Mexico_City"), "{}", got[0]);
        assert_eq!(got[1], ",rejected,,empty,,,,,");
        assert_eq!(got[2], "hola,rejected,,not_a_number,,,,,");
        assert_eq!(got[3], "2045550149,accepted_invalid,+522045550149,unassigned_area_code,unknown,,,,");
    }

    #[test]
    fn what_no_number_is_written_in_is_answered_too() {
        assert!(answers(b"55\xff12345670\n")[0].starts_with("55ÿ12345670,rejected,,not_a_number"));
        assert!(answers(b"55\x0012345670\n")[0].contains("not_a_number"));
        assert!(answers(b"\"5512345670\n5512345671\n")[0].contains("+525512345670"));
        assert_eq!(answers(b"\"5512345670\n5512345671\n").len(), 2);
    }

    #[test]
    fn a_column_of_a_table_is_answered_without_its_head() {
        let table = "nombre;telefono\r\nAna;55 1234 5670\r\nLuz;\r\n";
        let got = answers_of(table.as_bytes(), Some("telefono")).unwrap();
        assert_eq!(got.len(), 2);
        assert!(got[0].starts_with("55 1234 5670,accepted"), "{}", got[0]);
        assert_eq!(got[1], ",rejected,,empty,,,,,");
        let refused = answers_of(table.as_bytes(), Some("tel")).unwrap_err();
        assert!(matches!(refused, NormalizeError::Input(sentence) if sentence.contains("nombre, telefono")));
    }

    #[test]
    fn a_reader_that_has_had_enough_is_told_apart_from_a_full_disk() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let input = b"5512345670\n".repeat(100_000);
        for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
            let failed = normalize(&input[..], Broken(kind), None, None).unwrap_err();
            assert!(matches!(&failed, NormalizeError::Output(error) if error.kind() == kind), "{failed:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_answered_like_any_other() {
        let ten_mib = 10 << 20;
        let letters = answers(&[b"a".repeat(ten_mib).as_slice(), b"\n5512345670"].concat());
        assert!(letters[0].ends_with("a,rejected,,not_a_number,,,,,"));
        assert!(letters[1].contains("+525512345670"));
        assert!(answers(&b"5".repeat(ten_mib))[0].contains(",rejected,,too_long"));

        let longer = answers(&[b"5".repeat(LINE_BYTES_MAX + 1).as_slice(), b"\n5512345670"].concat());
        assert_eq!(longer[0], format!("{},rejected,,too_long,,,,,", "5".repeat(CUT_SHOWN_CHARS)));
        assert!(longer[1].contains("+525512345670"));
    }
}
