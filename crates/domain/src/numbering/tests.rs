use proptest::prelude::*;

use super::*;

const NEWER: &[u8] = include_bytes!("../../data/pnn_sample_2025.csv");
const OLDER: &[u8] = include_bytes!("../../data/pnn_sample_publico.csv");
const EXPECTED: &str = include_str!("../../data/pnn_expect.csv");

fn phone(national: u64) -> PhoneNumber {
    PhoneNumber::from_national(national).unwrap()
}

fn compiled(file: &[u8]) -> NumberingPlan {
    NumberingPlan::compile(&PlanFile::read(file).unwrap().assignments).unwrap()
}

#[derive(serde::Deserialize)]
struct Expected {
    number: u64,
    line_type: String,
    carrier: String,
    lada: String,
    file: String,
}

#[test]
fn every_known_number_has_its_line_type_carrier_and_area_code() {
    let (newer, older) = (compiled(NEWER), compiled(OLDER));
    let mut seen = 0;
    for expected in csv::Reader::from_reader(EXPECTED.as_bytes()).deserialize::<Expected>() {
        let expected = expected.unwrap();
        let plan = if expected.file == "pnn_sample_2025.csv" { &newer } else { &older };
        let number = phone(expected.number);
        let line = Line::of(number, Some(plan));
        let said = (line.line_type.as_str(), line.carrier.unwrap_or_default());
        assert_eq!(said, (expected.line_type.as_str(), expected.carrier.as_str()), "{}", expected.number);
        let lada = number.lada().map(|lada| lada.to_string()).unwrap_or_default();
        assert_eq!(lada, expected.lada, "{}", expected.number);
        seen += 1;
    }
    assert_eq!(seen, 4_000);
}

#[test]
fn a_file_is_known_by_its_columns_and_its_encoding() {
    let (newer, older) = (PlanFile::read(NEWER).unwrap(), PlanFile::read(OLDER).unwrap());
    assert_eq!((newer.format, older.format), (PlanFormat::Whole, PlanFormat::InParts));
    assert!(newer.latest > Some(Date::constant(2024, 1, 1)) && older.latest.is_some());
    assert!(older.assignments.iter().all(|range| !range.carrier.contains('\u{fffd}')));
}

const HEAD: &str =
    "ZONA, NUMERACION_INICIAL, NUMERACION_FINAL, OCUPACION, MODALIDAD, RAZON_SOCIAL, FECHA_ASIGNACION\n";

fn read(lines: &str) -> Result<PlanFile, PlanRefused> {
    PlanFile::read(format!("{HEAD}{lines}").as_bytes())
}

#[test]
fn what_is_no_plan_is_refused_with_line_and_reason() {
    let refused = |lines: &str| read(lines).unwrap_err().to_string();
    assert!(refused("").contains("no ranges"));
    assert!(
        refused(
            "9,9133304896,9133305307,412,FIJO,X,05/10/2024,\n9,9133305307,9133304896,1,FIJO,X,05/10/2024,\n"
        )
        .contains(
            "1 of 2 lines cannot be read, more than 1 %; the first is line 3: its range ends before it begins"
        )
    );
    assert!(
        refused("9,7,9133305307,412,FIJO,X,05/10/2024,\n").contains("line 2: \"7\" is not the ten digits")
    );
    assert!(
        refused("9,2010000000,2010000999,1000,CPP,X,05/10/2024,\n")
            .contains("not assigned in Mexico, as 2010000000")
    );
    assert!(refused("9,9133304896,9133305307,412,FIXED,X,05/10/2024,\n").contains("MODALIDAD is \"FIXED\""));
    assert!(refused("9,9133304896,9133305307,412,FIJO,X,2024-10-05,\n").contains("FECHA_ASIGNACION"));
    for other in
        [&b""[..], b"\xff\xfe\x00", b"NPA,NXX,COMPANY\n201,200,BELL\n", b"\x00\x00", b"\"never closed"]
    {
        assert!(matches!(PlanFile::read(other), Err(PlanRefused::Columns { .. })), "{other:?}");
    }
}

/// The lines of a file, each changed, as bytes.
fn changed(file: &[u8], change: impl Fn(usize, &str) -> String) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    text.lines().enumerate().map(|(n, line)| change(n, line) + "\n").collect::<String>().into_bytes()
}

#[test]
fn columns_that_are_not_where_their_names_are_are_known_by_what_they_hold() {
    for (file, format) in [(NEWER, PlanFormat::Whole), (OLDER, PlanFormat::InParts)] {
        let whole = String::from_utf8_lossy(file);
        let expected = PlanFile::read(whole.as_bytes()).unwrap();
        assert_eq!(expected.known_by, KnownBy::Names);
        let shifted = changed(file, |n, line| if n == 0 { line.to_owned() } else { format!("7,{line}") });
        let cut_off = changed(file, |n, line| {
            if n == 0 { line.to_owned() } else { line.splitn(2, ',').last().unwrap().to_owned() }
        });
        let renamed =
            changed(file, |n, line| if n == 0 { "A,B,C,D,E,F".to_owned() } else { line.to_owned() });
        let nameless: Vec<u8> = file.splitn(2, |byte| *byte == b'\n').nth(1).unwrap().to_vec();
        for other in [shifted, cut_off, renamed, nameless] {
            let read = PlanFile::read(&other).unwrap();
            assert_eq!((read.known_by, read.format), (KnownBy::Content, format));
            assert_eq!(read.assignments.len(), expected.assignments.len());
            let ranges = |file: &PlanFile| {
                file.assignments
                    .iter()
                    .map(|one| (one.first, one.last, one.line_type, one.assigned_on))
                    .collect::<Vec<_>>()
            };
            assert_eq!(ranges(&read), ranges(&expected));
        }
    }
}

#[test]
fn one_bad_line_of_many_is_counted_and_listed() {
    let good = "9,9133304896,9133305307,412,FIJO,X,05/10/2024,\n".repeat(150);
    let file = read(&format!("{good}9,1,2,3,FIJO,X,,\n")).unwrap();
    assert_eq!((file.assignments.len(), file.malformed_lines), (150, 1));
    assert_eq!(file.malformed[0].line, 152);
}

fn range(first: u64, last: u64, carrier: &str, year: i16) -> Assignment {
    Assignment {
        first,
        last,
        line_type: LineType::Mobile,
        carrier: carrier.to_owned(),
        assigned_on: Some(Date::constant(year, 1, 1)),
    }
}

#[test]
fn plans_are_compared_by_their_ranges() {
    let plan = |ranges: &[Assignment]| NumberingPlan::compile(ranges).unwrap();
    let before = plan(&[
        range(5_500_000_000, 5_500_000_009, "A", 2001),
        range(5_600_000_000, 5_600_000_009, "A", 2001),
        range(5_700_000_000, 5_700_000_009, "A", 2001),
    ]);
    let after = plan(&[
        range(5_500_000_000, 5_500_000_009, "A", 2001),
        range(5_600_000_000, 5_600_000_009, "B", 2001),
        range(5_800_000_000, 5_800_000_009, "A", 2001),
    ]);
    assert_eq!(after.changes_since(&before), PlanChanges { kept: 1, changed: 1, added: 1, removed: 1 });
}

proptest! {
    /// The compiled plan says of every number what going through all ranges says.
    #[test]
    fn looking_up_is_what_the_list_says(
        ranges in proptest::collection::vec((0_u64..300, 0_u64..60, 0_u8..3, 2000_i16..2004), 1..40),
        asked in proptest::collection::vec(0_u64..400, 1..60),
    ) {
        // Around the seam of two leads.
        let base = 5_511_999_850;
        let ranges: Vec<_> = ranges
            .into_iter()
            .map(|(first, length, carrier, year)| {
                range(base + first, base + first + length, &carrier.to_string(), year)
            })
            .collect();
        let plan = NumberingPlan::compile(&ranges).unwrap();
        for offset in asked {
            let national = base + offset;
            let expected = ranges
                .iter()
                .enumerate()
                .filter(|(_, range)| (range.first..=range.last).contains(&national))
                .max_by_key(|(at, range)| (range.assigned_on, *at))
                .map(|(_, range)| range.carrier.as_str());
            prop_assert_eq!(plan.look_up(phone(national)).and_then(|line| line.carrier), expected);
        }
    }
}
