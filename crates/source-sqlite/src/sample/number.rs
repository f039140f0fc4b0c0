//! Numbers as they are written in the column `numero`, good and bad, no text twice.

use std::io::Write as _;

use domain::phone::PhoneRejection;

use super::lead::{Lead, UNASSIGNED};
use super::random::{Random, Scatter};

/// What is wrong with a row's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Well formed, of an area code that is not assigned.
    Unassigned,
    /// No number that the rules accept.
    Rejected(PhoneRejection),
    /// The number of an earlier row in another writing.
    Duplicate,
}

impl Trouble {
    /// Every kind, in the order in which a file gets its first ones: a duplicate needs a row before it.
    pub(super) const ALL: [Self; 10] = [
        Self::Unassigned,
        Self::Rejected(PhoneRejection::Empty),
        Self::Rejected(PhoneRejection::NotANumber),
        Self::Rejected(PhoneRejection::TooShort),
        Self::Rejected(PhoneRejection::TooLong),
        Self::Rejected(PhoneRejection::BadFirstDigit),
        Self::Rejected(PhoneRejection::Foreign),
        Self::Rejected(PhoneRejection::SpecialService),
        Self::Rejected(PhoneRejection::Placeholder),
        Self::Duplicate,
    ];
    /// Of 100 rows in trouble, how many have each, in the same order.
    const OF_100: [u32; 10] = [25, 5, 8, 8, 6, 6, 4, 5, 3, 30];

    /// A kind, as likely as its share.
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut left = random.below(100);
        for (trouble, share) in Self::ALL.into_iter().zip(Self::OF_100) {
            if left < share {
                return trouble;
            }
            left -= share;
        }
        Self::Duplicate
    }
}

/// Writes `number`, which is new to the file: mostly its ten digits and nothing else.
pub(super) fn write_new(out: &mut Vec<u8>, number: u64, random: &mut Random) {
    if random.chance(995) {
        return put(out, format_args!("{number}"));
    }
    match random.below(5) {
        0 => put(out, format_args!("52{number}")),
        1 => put(out, format_args!("{number}.0")),
        2 => put(out, format_args!("'{number}")),
        3 => put(out, format_args!("+521{number}")),
        _ => put(out, format_args!("{number}\r")),
    }
}

/// How many ways [`write_again`] has.
pub(super) const WAYS_AGAIN: u32 = 5;

/// Writes a number that the file has already in its `way`-th other writing, none of them one of [`write_new`].
pub(super) fn write_again(out: &mut Vec<u8>, number: u64, way: u32) {
    let (lead, middle, last) = (number / 100_000_000, number / 10_000 % 10_000, number % 10_000);
    match way % WAYS_AGAIN {
        0 => put(out, format_args!("{lead} {middle:04} {last:04}")),
        1 => put(out, format_args!("+52{number}")),
        2 => put(out, format_args!("045{number}")),
        3 => put(out, format_args!("({lead}) {middle:04}-{last:04}")),
        _ => put(out, format_args!("044{number}")),
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}

/// Makes numbers that are nobody's. Each kind counts on its own, and what it writes follows from the count alone.
#[derive(Debug)]
pub(super) struct BadNumbers {
    unassigned: Vec<Lead>,
    unassigned_made: usize,
    made: [u32; PhoneRejection::ALL.len()],
    orders: [Scatter; PhoneRejection::ALL.len()],
}

impl BadNumbers {
    pub(super) fn new(seed: u64) -> Self {
        let unassigned = UNASSIGNED.iter().map(|digits| Lead::new(seed, *digits, None, false, 0.0)).collect();
        let orders = std::array::from_fn(|at| Scatter::new(seed, 10_000 + at as u64));
        Self { unassigned, unassigned_made: 0, made: [0; PhoneRejection::ALL.len()], orders }
    }

    /// A new number of an area code that is not assigned.
    pub(super) fn take_unassigned(&mut self) -> Option<u64> {
        let count = self.unassigned.len();
        self.unassigned_made += 1;
        self.unassigned[self.unassigned_made % count].take()
    }

    /// Writes something that is rejected for `reason`; no two texts are equal.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, reason: PhoneRejection) {
        let at = PhoneRejection::ALL.iter().position(|known| *known == reason).unwrap_or_default();
        let count = self.made[at];
        self.made[at] += 1;
        let seven = self.orders[at].at(count);
        match reason {
            PhoneRejection::Empty => write_empty(out, count),
            PhoneRejection::NotANumber => write_no_number(out, count, seven),
            PhoneRejection::TooShort => write_short(out, count, seven),
            PhoneRejection::TooLong => write_long(out, count, seven),
            PhoneRejection::BadFirstDigit => write_bad_first(out, count, seven),
            PhoneRejection::Foreign => write_foreign(out, count, seven),
            PhoneRejection::SpecialService => write_service(out, count, seven),
            PhoneRejection::Placeholder => write_placeholder(out, count),
        }
    }
}

/// Separators alone: the count in base 5, written with them, so that the first is the empty text.
fn write_empty(out: &mut Vec<u8>, count: u32) {
    let mut left = count;
    while left > 0 {
        out.push(b" -./("[((left - 1) % 5) as usize]);
        left = (left - 1) / 5;
    }
}

fn write_no_number(out: &mut Vec<u8>, count: u32, seven: u32) {
    const WORDS: [&str; 6] = ["N/A", "NULL", "SIN TELEFONO", "NO TIENE", "PENDIENTE", "#N/A"];
    match count % 6 {
        0 => match WORDS.get((count / 6) as usize) {
            Some(word) => out.extend_from_slice(word.as_bytes()),
            None => put(out, format_args!("CASA 55{seven:07}")),
        },
        1 => put(out, format_args!("tel: 555{seven:07}")),
        2 => put(out, format_args!("555{seven:07}, 332{seven:07}")),
        // The spreadsheet's mantissa has eight digits of ten: two are lost.
        3 => put(out, format_args!("5.{seven:07}E+09")),
        4 => {
            put(out, format_args!("555{seven:07}"));
            out.push(0xff);
        }
        _ => put(out, format_args!("55O{seven:07}")),
    }
}

fn write_short(out: &mut Vec<u8>, count: u32, seven: u32) {
    match count % 4 {
        0 => put(out, format_args!("5{seven:07}")),
        1 => put(out, format_args!("55{seven:07}")),
        2 => put(out, format_args!("{:03}-{:04}", seven / 10_000, seven % 10_000)),
        _ => put(out, format_args!("+52 55{seven:07}")),
    }
}

fn write_long(out: &mut Vec<u8>, count: u32, seven: u32) {
    match count % 4 {
        0 => put(out, format_args!("5555{seven:07}")),
        1 => put(out, format_args!("558{seven:07}000")),
        2 => put(out, format_args!("555{seven:07} / 332{seven:07}")),
        _ => put(out, format_args!("+525555{seven:07}")),
    }
}

fn write_bad_first(out: &mut Vec<u8>, count: u32, seven: u32) {
    match count % 4 {
        0 => put(out, format_args!("055{seven:07}")),
        1 => put(out, format_args!("155{seven:07}")),
        2 => put(out, format_args!("+52 155{seven:07}")),
        _ => put(out, format_args!("52155{seven:07}")),
    }
}

fn write_foreign(out: &mut Vec<u8>, count: u32, seven: u32) {
    match count % 4 {
        0 => put(out, format_args!("+1650{seven:07}")),
        1 => put(out, format_args!("001 650 {seven:07}")),
        2 => put(out, format_args!("+34 61{seven:07}")),
        _ => put(out, format_args!("+502 5{seven:07}")),
    }
}

fn write_service(out: &mut Vec<u8>, count: u32, seven: u32) {
    const SHORT: [&str; 6] = ["911", "7766", "*111", "53053", "040", "*264#"];
    match SHORT.get((count / 2) as usize) {
        Some(short) if count.is_multiple_of(2) => out.extend_from_slice(short.as_bytes()),
        _ => match count % 3 {
            0 => put(out, format_args!("800{seven:07}")),
            1 => put(out, format_args!("01 800 {seven:07}")),
            _ => put(out, format_args!("900{seven:07}")),
        },
    }
}

/// Thirty values: ten of one digit, ten that count up, ten that count down. The first thirty are written plainly, all
/// others with separators between the digits, by the count.
fn write_placeholder(out: &mut Vec<u8>, count: u32) {
    let (value, mut writing) = (count % 30, count / 30);
    let (first, step) = (value % 10, [0, 1, 9][(value / 10) as usize]);
    for place in 0..10 {
        if place > 0 && writing > 0 {
            match writing % 4 {
                0 => {}
                1 => out.push(b' '),
                2 => out.push(b'-'),
                _ => out.push(b'/'),
            }
            writing /= 4;
        }
        out.push(b'0' + ((first + step * place) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::phone::PhoneNumber;

    use super::*;

    #[test]
    fn every_bad_number_is_rejected_for_its_reason_and_written_once() {
        let mut numbers = BadNumbers::new(3);
        let mut seen = HashSet::new();
        for reason in PhoneRejection::ALL {
            for _ in 0..3_000 {
                let mut text = Vec::new();
                numbers.write(&mut text, reason);
                let shown = String::from_utf8_lossy(&text).into_owned();
                assert_eq!(PhoneNumber::parse(&shown), Err(reason), "{shown:?}");
                assert!(seen.insert(text), "{shown:?} comes twice");
            }
        }
    }

    #[test]
    fn every_writing_of_a_number_is_that_number() {
        let mut random = Random::new(1, 1);
        let mut numbers = BadNumbers::new(3);
        for number in [5_512_345_678, 3_336_151_234, 6_861_234_500, numbers.take_unassigned().unwrap()] {
            let mut seen = HashSet::new();
            let mut check = |text: Vec<u8>| {
                let shown = String::from_utf8(text).unwrap();
                assert_eq!(PhoneNumber::parse(&shown).map(PhoneNumber::national), Ok(number), "{shown:?}");
                seen.insert(shown)
            };
            for _ in 0..5_000 {
                let mut text = Vec::new();
                write_new(&mut text, number, &mut random);
                check(text);
            }
            for way in 0..WAYS_AGAIN {
                let mut text = Vec::new();
                write_again(&mut text, number, way);
                assert!(check(text), "way {way} is one of a first writing");
            }
        }
    }
}
