//! `migrator normalize`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use domain::numbering::{Line, NumberingPlan};
use domain::phone::PhoneNumber;
use domain::port::NumberingPlanStore;
use settings::Sources;

use crate::cli::Normalize;
use crate::failure::Failure;
use crate::wiring;

/// The most bytes of one line; a longer one ends the command.
const LINE_BYTES_MAX: u64 = 64 * 1024;

pub(crate) async fn run(command: &Normalize, sources: &Sources) -> Result<(), Failure> {
    let plan = plan(sources).await?;
    let out = io::stdout().lock();
    let done = if command.file == Path::new("-") {
        normalize(io::stdin().lock(), out, plan.as_ref())
    } else {
        let file = File::open(&command.file).map_err(|error| {
            Failure::Input(format!("{} cannot be opened: {error}", command.file.display()))
        })?;
        normalize(BufReader::new(file), out, plan.as_ref())
    };
    match done {
        // Whoever reads us had enough.
        Err(NormalizeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(NormalizeError::Output(error)) => {
            Err(Failure::Other(format!("the output cannot be written: {error}")))
        }
        Err(NormalizeError::Input(sentence)) => Err(Failure::Input(sentence)),
        Ok(()) => Ok(()),
    }
}

/// The numbering plan in force, if a database is set that has one. Numbers are normalised without it, too.
async fn plan(sources: &Sources) -> Result<Option<NumberingPlan>, Failure> {
    let settings = wiring::load(sources)?;
    let Ok(database) = wiring::database(&settings) else { return Ok(None) };
    let plans = wiring::numbering_plans(database);
    let plan = async {
        match plans.in_force().await? {
            Some(version) => plans.plan(version.version).await.map(Some),
            None => Ok(None),
        }
    };
    Ok(plan.await.unwrap_or_else(|error| {
        eprintln!("migrator: every line type is unknown: {error}");
        None
    }))
}

#[derive(Debug)]
enum NormalizeError {
    Input(String),
    Output(io::Error),
}

impl From<csv::Error> for NormalizeError {
    fn from(error: csv::Error) -> Self {
        Self::Output(error.into())
    }
}

fn normalize(
    mut input: impl BufRead,
    output: impl Write,
    plan: Option<&NumberingPlan>,
) -> Result<(), NormalizeError> {
    let mut out = csv::Writer::from_writer(output);
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
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = input.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        read.map_err(|error| NormalizeError::Input(format!("line {number} cannot be read: {error}")))?;
        if line.is_empty() {
            break;
        }
        if line.len() as u64 > LINE_BYTES_MAX {
            return Err(NormalizeError::Input(format!(
                "line {number} is longer than {LINE_BYTES_MAX} bytes; give one number a line"
            )));
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        write_answer(&mut out, &String::from_utf8_lossy(line), plan)?;
    }
    out.flush().map_err(NormalizeError::Output)
}

fn write_answer(
    out: &mut csv::Writer<impl Write>,
    input: &str,
    plan: Option<&NumberingPlan>,
) -> Result<(), csv::Error> {
    let phone = match PhoneNumber::parse(input) {
        Ok(phone) => phone,
        Err(rejection) => {
            return out.write_record([input, "rejected", "", rejection.as_str(), "", "", "", "", ""]);
        }
    };
    let (outcome, reason) =
        if phone.is_assigned() { ("accepted", "") } else { ("accepted_invalid", "unassigned_area_code") };
    let line = Line::of(phone, plan);
    let place = phone.lada().and_then(domain::lada::Lada::place);
    out.write_record([
        input,
        outcome,
        phone.e164().as_str(),
        reason,
        line.line_type.as_str(),
        line.carrier.unwrap_or_default(),
        place.map_or("", |place| place.city.as_str()),
        place.map_or("", |place| place.state.as_str()),
        place.map_or("", |place| place.timezone.as_str()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        normalize(input, &mut out, None).unwrap();
        String::from_utf8(out).unwrap().lines().skip(1).map(str::to_owned).collect()
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
    fn what_is_no_utf8_is_answered_too() {
        assert!(answers(b"55\xff12345670\n")[0].contains("not_a_number"));
    }

    #[test]
    fn a_line_without_end_is_refused_by_its_number() {
        let endless = vec![b'5'; 70_000];
        let refused = normalize(&endless[..], Vec::new(), None);
        assert!(
            matches!(refused, Err(NormalizeError::Input(sentence)) if sentence.starts_with("line 1 is longer"))
        );
    }
}
