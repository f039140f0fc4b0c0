//! `bench numbering`: numbers read and texts measured a second on one core, beside the library that others use for
//! numbers, and `migrator normalize` from file to file.

use std::fs::File;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::contact::LineType;
use domain::numbering::{Assignment, NumberingPlan};
use domain::phone::PhoneNumber;
use domain::sms::measure as measure_text;
use phonenumber::country::Id;
use serde_json::{Value, json};

use crate::load;

/// What people and spreadsheets write, by the rules' own cases.
const CASES: &str = include_str!("../../crates/domain/data/public_phone.csv");
/// How many numbers are read in each measurement.
const NUMBERS: usize = 2_000_000;
/// How many the other library reads, which takes longer.
const NUMBERS_OF_LIBRARY: usize = 50_000;
/// How many texts are measured.
const TEXTS: usize = 1_000_000;
/// Ranges of the plan, about as many as the regulator's has.
const RANGES: u64 = 180_000;

pub(crate) fn measure() -> Result<Value> {
    let load_before = load::averages();
    let ordinary: Vec<String> = (0..NUMBERS as u64).map(|n| spread(n).to_string()).collect();
    let cases: Vec<&str> = CASES
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .filter(|case| !case.contains('"'))
        .collect();
    let dirty: Vec<&str> = cases.iter().copied().cycle().take(NUMBERS).collect();
    let plan = plan()?;

    let read = |raw: &str| PhoneNumber::parse(raw).is_ok();
    let ordinary_rate = rate(&ordinary, |raw| read(raw));
    let dirty_rate = rate(&dirty, |raw| read(raw));
    let looked_up_rate =
        rate(&ordinary, |raw| PhoneNumber::parse(raw).ok().and_then(|phone| plan.look_up(phone)).is_some());
    let phones: Vec<PhoneNumber> = ordinary.iter().flat_map(|raw| PhoneNumber::parse(raw)).collect();
    let look_up_rate = rate(&phones, |phone| plan.look_up(*phone).is_some());
    let library_rate = rate(&ordinary[..NUMBERS_OF_LIBRARY], |raw| {
        phonenumber::parse(Some(Id::MX), raw).is_ok_and(|number| phonenumber::is_valid(&number))
    });
    let texts: Vec<String> = (0..TEXTS).map(text).collect();
    let text_rate = rate(&texts, |text| measure_text(text).segments > 0);
    let lines_rate = normalized_per_second(&ordinary)?;
    Ok(json!({
        "bench": "numbering", "numbers": NUMBERS,
        "ordinary_per_second": ordinary_rate, "dirty_per_second": dirty_rate,
        "ordinary_with_plan_per_second": looked_up_rate, "plan_ranges": plan.ranges(),
        "look_up_nanoseconds": 1e9 / look_up_rate,
        "floor": "the phonenumber crate parses and validates the same ordinary numbers",
        "floor_per_second": library_rate, "ratio": ordinary_rate / library_rate,
        "texts": TEXTS, "texts_per_second": text_rate,
        "text_characters": texts.iter().map(|text| text.chars().count()).sum::<usize>() / TEXTS,
        "normalize_lines": NUMBERS, "normalize_lines_per_second": lines_rate,
        "load_average_before": load_before, "load_average_after": load::averages(),
    }))
}

/// A short text as campaigns send it; one of four has a letter that makes it UCS-2.
fn text(n: usize) -> String {
    let letter = if n.is_multiple_of(4) { 'ó' } else { 'o' };
    format!(
        "Hola Maria, hoy 20% de promoci{letter}n en {n} productos de toda la tienda. Responde ALTO para no recibir mas."
    )
}

/// Lines that `migrator normalize` takes from one file to another in a second, its start and end within.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn normalized_per_second(numbers: &[String]) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let (input, output) = (folder.path().join("numbers.txt"), folder.path().join("numbers.csv"));
    let mut lines = numbers.join("\n");
    lines.push('\n');
    std::fs::write(&input, lines)?;
    let migrator = std::env::current_exe()?.with_file_name("migrator");
    let mut best = f64::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let status = Command::new(&migrator)
            .arg("normalize")
            .arg(&input)
            .env_remove("DATABASE_URL")
            .env("PREGON__ENVIRONMENT", "development")
            .stdout(File::create(&output)?)
            .stderr(Stdio::null())
            .status()
            .context("migrator cannot be started")?;
        ensure!(status.success(), "migrator normalize ended with {status}");
        best = best.min(started.elapsed().as_secs_f64());
    }
    let answers = std::fs::read_to_string(&output)?.lines().count();
    ensure!(answers == numbers.len() + 1, "{answers} lines came out for {}", numbers.len());
    Ok(numbers.len() as f64 / best)
}

/// Numbers of Mexico City, in no order.
fn spread(n: u64) -> u64 {
    5_510_000_000 + n.wrapping_mul(2_654_435_761) % 89_999_999
}

/// Ranges of a thousand numbers each, with gaps.
fn plan() -> Result<NumberingPlan> {
    let ranges: Vec<Assignment> = (0..RANGES)
        .map(|n| Assignment {
            first: 5_500_000_000 + n * 1_500,
            last: 5_500_000_000 + n * 1_500 + 999,
            line_type: if n % 3 == 0 { LineType::Fixed } else { LineType::Mobile },
            carrier: format!("Operador {}", n % 90),
            assigned_on: None,
        })
        .collect();
    Ok(NumberingPlan::compile(&ranges)?)
}

/// How many of `inputs` are done a second: the best of three runs.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn rate<T>(inputs: &[T], what: impl Fn(&T) -> bool) -> f64 {
    let run = || {
        let started = Instant::now();
        let done = inputs.iter().filter(|input| what(black_box(input))).count();
        black_box(done);
        inputs.len() as f64 / started.elapsed().as_secs_f64()
    };
    (0..3).map(|_| run()).fold(0.0, f64::max)
}
