//! One row after the other, from nothing but the seed.

use domain::phone::PhoneRejection;
use domain::source::{SourceBatch, SourceColumn, SourceValue};

use super::SampleSpec;
use super::lead::{Lead, Leads};
use super::number::{BadNumbers, Trouble, WAYS_AGAIN, write_again, write_new};
use super::person::{write_address, write_city, write_name, write_quarter, write_tax_id};
use super::random::Random;
use super::schedule::Schedule;
use super::spoil::Spoiler;
use super::state::States;
use super::summary::Counts;

/// Numbers that a duplicate may repeat are among the last so many.
const RECENT: usize = 512;
/// Share of rows with a city, per 1,000, and how many of these are spoilt.
const WITH_CITY: f64 = 490.0;
const CITY_DIRTY: u32 = 40;
const MUNICIPALITY_DIRTY: u32 = 150;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Null,
    Integer(i64),
    Text,
    Blob,
}

/// A row while it is written: its classes, and the bytes of those that have some.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) classes: [Class; 16],
    pub(super) texts: [Vec<u8>; 16],
}

impl Draft {
    fn new() -> Self {
        Self { classes: [Class::Null; 16], texts: std::array::from_fn(|_| Vec::new()) }
    }

    fn clear(&mut self) {
        self.classes = [Class::Null; 16];
        for text in &mut self.texts {
            text.clear();
        }
    }

    /// Makes `column` text, and hands out its bytes.
    fn text(&mut self, column: SourceColumn) -> &mut Vec<u8> {
        self.classes[column as usize] = Class::Text;
        &mut self.texts[column as usize]
    }

    fn put(&mut self, column: SourceColumn, text: &str) {
        self.text(column).extend_from_slice(text.as_bytes());
    }

    fn push_to(&self, batch: &mut SourceBatch) {
        batch.push(std::array::from_fn(|at| match self.classes[at] {
            Class::Null => SourceValue::Null,
            Class::Integer(value) => SourceValue::Integer(value),
            Class::Text => SourceValue::Text(&self.texts[at]),
            Class::Blob => SourceValue::Blob(&self.texts[at]),
        }));
    }
}

/// Writes the rows of a sample, in order.
#[derive(Debug)]
pub(super) struct Rows {
    random: Random,
    schedule: Schedule,
    leads: Leads,
    bad: BadNumbers,
    states: States,
    spoiler: Spoiler,
    /// Numbers that the file has, and in how many more writings.
    recent: Vec<(u64, u32)>,
    /// How likely a row whose lead the old list knew has a city, per 1,000.
    city_per_mille: u32,
    draft: Draft,
    row: u64,
    id: i64,
    counts: Counts,
}

/// What a row's number turned out to be.
struct Numbered {
    /// Its ten digits, if it has so many.
    national: Option<u64>,
    /// Its lead among the assigned ones.
    lead: Option<usize>,
}

impl Rows {
    pub(super) fn new(spec: &SampleSpec) -> Self {
        let seed = spec.seed;
        let leads = Leads::new(seed);
        let states = States::new(&leads);
        let known: f64 = leads.all().iter().filter(|lead| lead.is_known).map(|lead| lead.share).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 1,000")]
        let city_per_mille = (WITH_CITY / known).min(1_000.0) as u32;
        Self {
            random: Random::new(seed, 1),
            schedule: Schedule::new(seed, spec.rows, spec.dirt.per_million()),
            leads,
            bad: BadNumbers::new(seed),
            states,
            spoiler: Spoiler::new(seed),
            recent: Vec::with_capacity(RECENT),
            city_per_mille,
            draft: Draft::new(),
            row: 0,
            id: 0,
            counts: Counts::default(),
        }
    }

    /// Appends the next row to `batch`.
    pub(super) fn push_next(&mut self, batch: &mut SourceBatch) {
        self.draft.clear();
        self.id += 1;
        // The real file has gaps where rows were deleted.
        if self.random.below(2_000) == 0 {
            self.id += i64::from(self.random.below(40));
        }
        self.draft.classes[SourceColumn::Id as usize] = Class::Integer(self.id);
        let trouble = self.schedule.trouble(self.row);
        let numbered = self.write_number(trouble);
        self.write_original(&numbered);
        self.write_person();
        self.write_place(&numbered);
        let is_denied = self.write_verdict();
        self.write_time();
        self.spoiler.spoil(self.row, &mut self.draft, &mut self.random);
        self.counts.note(trouble, is_denied, &self.draft);
        self.draft.push_to(batch);
        self.row += 1;
    }

    /// What was written, and the leads with the numbers taken from each.
    pub(super) fn finish(self) -> (Counts, Vec<Lead>) {
        (Counts { last_id: self.id, ..self.counts }, self.leads.into_all())
    }

    fn write_number(&mut self, trouble: Option<Trouble>) -> Numbered {
        let text = self.draft.text(SourceColumn::Numero);
        let nobody = Numbered { national: None, lead: None };
        match trouble {
            Some(Trouble::Rejected(reason)) => {
                self.bad.write(text, reason);
                nobody
            }
            Some(Trouble::Unassigned) => {
                let Some(number) = self.bad.take_unassigned() else {
                    return nobody;
                };
                write_new(text, number, &mut self.random);
                Numbered { national: Some(number), lead: None }
            }
            Some(Trouble::Duplicate) if !self.recent.is_empty() => {
                let count = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
                let (number, ways) = self.recent.swap_remove(self.random.below(count) as usize);
                write_again(text, number, ways);
                if ways + 1 < WAYS_AGAIN && self.random.chance(200) {
                    self.recent.push((number, ways + 1));
                }
                Numbered { national: Some(number), lead: None }
            }
            Some(Trouble::Duplicate) | None => {
                let Some((lead, number)) = self.leads.take(&mut self.random) else {
                    return nobody;
                };
                write_new(text, number, &mut self.random);
                if self.recent.len() < RECENT {
                    self.recent.push((number, 0));
                } else if self.random.chance(250) {
                    let at = self.random.below(512) as usize;
                    self.recent[at] = (number, 0);
                }
                Numbered { national: Some(number), lead: Some(lead) }
            }
        }
    }

    /// Mostly the number in another writing.
    fn write_original(&mut self, numbered: &Numbered) {
        let Some(number) = numbered.national else { return };
        let text = match self.random.below(20) {
            0..=2 => return,
            3..=7 => format!("{number}"),
            8..=12 => format!("044{number}"),
            13..=15 => format!("045{number}"),
            16..=17 => {
                format!("{} {:04} {:04}", number / 100_000_000, number / 10_000 % 10_000, number % 10_000)
            }
            18 => format!("+52{number}"),
            _ => format!("01{number}"),
        };
        self.draft.put(SourceColumn::Campo1Original, &text);
    }

    fn write_person(&mut self) {
        let random = &mut self.random;
        match random.below(100) {
            0..=2 => {}
            3 => self.draft.put(SourceColumn::Nombre, ""),
            _ => write_name(self.draft.text(SourceColumn::Nombre), random),
        }
        match random.below(20) {
            0..=10 => {}
            11..=14 => self.draft.put(SourceColumn::Campo3, "SIN"),
            15..=16 => self.draft.put(SourceColumn::Campo3, "SN"),
            _ => write_tax_id(self.draft.text(SourceColumn::Campo3), random),
        }
        if random.chance(880) {
            write_address(self.draft.text(SourceColumn::Direccion), random);
        }
        if random.chance(800) {
            write_quarter(self.draft.text(SourceColumn::Colonia), random);
        }
    }

    fn write_place(&mut self, numbered: &Numbered) {
        // A row in trouble has a place all the same: that of some number.
        let at = numbered.lead.unwrap_or_else(|| self.leads.draw(&mut self.random));
        let (lead, random) = (self.leads.get(at), &mut self.random);
        let state = lead.place.map(|place| place.state);
        if let Some(spelling) = self.states.spell(state, random) {
            self.draft.put(SourceColumn::EstadoCof, spelling);
            if random.chance(20) {
                self.draft.put(SourceColumn::EstadoSep, spelling);
            }
        }
        let city = |lead: &Lead, out: &mut Vec<u8>, dirty: u32, random: &mut Random| {
            if let Some(place) = lead.place {
                write_city(out, &place.city, place.state.as_str(), dirty, random);
            }
        };
        for (column, filled, dirty) in [
            (SourceColumn::MunicipioCsv, 450, MUNICIPALITY_DIRTY),
            (SourceColumn::MunicipioSep, 30, 0),
            (SourceColumn::MunicipioCof, 700, MUNICIPALITY_DIRTY),
        ] {
            if random.chance(filled) {
                let away = random.chance(60).then(|| self.leads.draw(random));
                let lead = away.map_or(lead, |at| self.leads.get(at));
                city(lead, self.draft.text(column), dirty, random);
            }
        }
        if lead.is_known && random.chance(self.city_per_mille) {
            city(lead, self.draft.text(SourceColumn::CiudadPorLada), CITY_DIRTY, random);
        }
        if let Some(number) = numbered.national {
            // Three digits always, two-digit area codes included, and now and then those of another number.
            let digits = if random.chance(2) {
                u64::from(self.leads.get(self.leads.draw(random)).digits)
            } else {
                number / 10_000_000
            };
            self.draft.put(SourceColumn::Lada, &digits.to_string());
        }
    }

    /// The source's verdict; whether it denies the number.
    fn write_verdict(&mut self) -> bool {
        let (class, text) = match self.random.below(1_000) {
            0..=11 => (Class::Integer(0), ""),
            12 => (Class::Text, "t"),
            13 => (Class::Text, "true"),
            14 => (Class::Text, "f"),
            15 => (Class::Text, "false"),
            16..=17 => (Class::Null, ""),
            _ => (Class::Integer(1), ""),
        };
        let at = SourceColumn::EsValido as usize;
        self.draft.classes[at] = class;
        self.draft.texts[at].extend_from_slice(text.as_bytes());
        class == Class::Integer(0) || matches!(text, "f" | "false")
    }

    /// When the source's maker wrote the row: some thousand a second from one morning on.
    fn write_time(&mut self) {
        const ROWS_PER_SECOND: u64 = 5_000;
        const MORNING: u64 = 8 * 3_600;
        const MIDNIGHT_UNIX_S: u64 = 1_752_537_600;
        let second = MORNING + self.row / ROWS_PER_SECOND;
        match self.random.below(5_000) {
            0 => {}
            1 => {
                let unix_s = i64::try_from(MIDNIGHT_UNIX_S + second).unwrap_or_default();
                self.draft.classes[SourceColumn::FechaMigracion as usize] = Class::Integer(unix_s);
            }
            _ => {
                let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
                self.draft.put(
                    SourceColumn::FechaMigracion,
                    &format!("2025-07-15 {hour:02}:{minute:02}:{second:02}"),
                );
            }
        }
    }
}

impl Counts {
    fn note(&mut self, trouble: Option<Trouble>, is_denied: bool, draft: &Draft) {
        let class = |column: SourceColumn| draft.classes[column as usize];
        self.rows += 1;
        let says_one = class(SourceColumn::EsValido) == Class::Integer(1);
        self.es_valido_one += u64::from(says_one);
        self.with_city += u64::from(class(SourceColumn::CiudadPorLada) != Class::Null);
        self.troubled_es_valido_one += u64::from(says_one && trouble.is_some());
        match trouble {
            None => {
                self.accepted += 1;
                self.valid_kept += u64::from(!is_denied);
            }
            Some(Trouble::Unassigned) => self.unassigned += 1,
            Some(Trouble::Duplicate) => self.duplicates += 1,
            Some(Trouble::Rejected(reason)) => {
                let at = PhoneRejection::ALL.iter().position(|known| *known == reason).unwrap_or_default();
                self.rejected[at] += 1;
            }
        }
    }
}
