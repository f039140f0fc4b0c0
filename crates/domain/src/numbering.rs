//! The regulator's numbering plan: whose a number was when it was assigned, and whether it is a mobile one.
//!
//! Portability moves a number between operators, not between fixed and mobile: the line type holds, the carrier is the
//! one at assignment. Nothing else tells: libphonenumber calls every ordinary Mexican number "fixed line or mobile".

use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;

use jiff::civil::Date;

use crate::contact::LineType;
use crate::phone::PhoneNumber;

mod brands;
mod columns;
mod file;
#[cfg(test)]
mod tests;

pub(crate) use brands::brand_of;
pub use columns::{KnownBy, PlanFormat};
pub use file::{MalformedLine, PlanFile, PlanRefused};

/// A range of numbers that was assigned to an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The first of its numbers, ten national digits.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Mobile or fixed.
    pub line_type: LineType,
    /// The operator, by its brand where the table of brands has one.
    pub carrier: String,
    /// When.
    pub assigned_on: Option<Date>,
}

/// What is known of the line behind a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Mobile, fixed or unknown.
    pub line_type: LineType,
    /// The operator at assignment.
    pub carrier: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// Nothing is.
    pub const UNKNOWN: Self = Self { line_type: LineType::Unknown, carrier: None };

    /// What `plan`, if there is one, says of a number.
    #[must_use]
    pub fn of(phone: PhoneNumber, plan: Option<&'a NumberingPlan>) -> Self {
        plan.and_then(|plan| plan.look_up(phone)).unwrap_or(Self::UNKNOWN)
    }
}

/// A plan compiled for looking numbers up: disjoint ranges in order, 20 bytes each, and where each lead of four digits
/// begins.
pub struct NumberingPlan {
    firsts: Vec<u64>,
    lasts: Vec<u64>,
    lines: Vec<(LineType, u16)>,
    carriers: Vec<String>,
    /// For each lead of four digits the first range that ends in it or behind it.
    leads: Vec<u32>,
}

/// One more than the greatest lead of four digits.
const LEADS: usize = 10_000;
/// Numbers of one lead.
const LEAD_NUMBERS: u64 = 1_000_000;

/// A plan of more carriers than it can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plan names more than 65,535 carriers")]
pub struct TooManyCarriers;

impl NumberingPlan {
    /// Compiles a plan. Where ranges overlap, the later date wins, then the later place in the list.
    ///
    /// # Errors
    /// [`TooManyCarriers`], which no plan of Mexico comes near to.
    pub fn compile(assignments: &[Assignment]) -> Result<Self, TooManyCarriers> {
        let mut plan = Self {
            firsts: Vec::with_capacity(assignments.len()),
            lasts: Vec::with_capacity(assignments.len()),
            lines: Vec::with_capacity(assignments.len()),
            carriers: Vec::new(),
            leads: Vec::with_capacity(LEADS + 1),
        };
        let mut numbers_of_carriers = BTreeMap::new();
        for (first, last, winner) in disjoint(assignments) {
            let assignment = &assignments[winner];
            let known = numbers_of_carriers.get(assignment.carrier.as_str()).copied();
            let carrier = if let Some(number) = known {
                number
            } else {
                let number = u16::try_from(plan.carriers.len()).map_err(|_| TooManyCarriers)?;
                plan.carriers.push(assignment.carrier.clone());
                numbers_of_carriers.insert(assignment.carrier.as_str(), number);
                number
            };
            let line = (assignment.line_type, carrier);
            // Neighbours that say the same are one range.
            if plan.lines.last() == Some(&line) && plan.lasts.last().is_some_and(|before| before + 1 == first)
            {
                plan.lasts.pop();
                plan.lasts.push(last);
                continue;
            }
            plan.firsts.push(first);
            plan.lasts.push(last);
            plan.lines.push(line);
        }
        plan.index_leads();
        Ok(plan)
    }

    fn index_leads(&mut self) {
        let mut range = 0;
        for lead in 0..=LEADS as u64 {
            while self.lasts.get(range).is_some_and(|last| *last < lead * LEAD_NUMBERS) {
                range += 1;
            }
            self.leads.push(u32::try_from(range).unwrap_or(u32::MAX));
        }
    }

    /// What the plan says of a number; `None` where it has no range.
    #[must_use]
    pub fn look_up(&self, phone: PhoneNumber) -> Option<Line<'_>> {
        let national = phone.national();
        let lead = usize::try_from(national / LEAD_NUMBERS).ok()?;
        let begin = *self.leads.get(lead)? as usize;
        let end = self.firsts.len().min(*self.leads.get(lead + 1)? as usize + 1);
        let behind = self.firsts.get(begin..end)?.partition_point(|first| *first <= national);
        let range = begin + behind.checked_sub(1)?;
        let (line_type, carrier) = *self.lines.get(range)?;
        (national <= *self.lasts.get(range)?).then(|| self.line(line_type, carrier))
    }

    /// How many ranges it has.
    #[must_use]
    pub fn ranges(&self) -> usize {
        self.firsts.len()
    }

    /// Its ranges in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, Line<'_>)> {
        let ends = self.firsts.iter().zip(&self.lasts);
        ends.zip(&self.lines)
            .map(|((first, last), (line_type, carrier))| (*first, *last, self.line(*line_type, *carrier)))
    }

    fn line(&self, line_type: LineType, carrier: u16) -> Line<'_> {
        Line { line_type, carrier: self.carriers.get(usize::from(carrier)).map(String::as_str) }
    }

    /// How a plan differs from the one before it, in ranges of this one and of that.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> PlanChanges {
        let theirs: BTreeMap<(u64, u64), Line<'_>> =
            before.iter().map(|(first, last, line)| ((first, last), line)).collect();
        let mut changes = PlanChanges::default();
        for (first, last, line) in self.iter() {
            match theirs.get(&(first, last)) {
                Some(same) if *same == line => changes.kept += 1,
                Some(_) => changes.changed += 1,
                None => changes.added += 1,
            }
        }
        changes.removed = before.ranges() as u64 - changes.kept - changes.changed;
        changes
    }
}

impl fmt::Debug for NumberingPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberingPlan").field("ranges", &self.ranges()).finish_non_exhaustive()
    }
}

/// How two plans differ, in ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanChanges {
    /// In both, and the same.
    pub kept: u64,
    /// Of the same numbers, with another line type or carrier.
    pub changed: u64,
    /// In the new one alone.
    pub added: u64,
    /// In the old one alone.
    pub removed: u64,
}

/// The ranges cut where they overlap, each piece with the place of the assignment that has it.
fn disjoint(assignments: &[Assignment]) -> Vec<(u64, u64, usize)> {
    let mut by_first: Vec<usize> = (0..assignments.len()).collect();
    by_first.sort_by_key(|at| assignments[*at].first);
    let mut coming = by_first.into_iter().peekable();
    // Those that hold at the place that is looked at, the strongest on top; some may have ended.
    let mut holding: BinaryHeap<(Option<Date>, usize)> = BinaryHeap::new();
    let mut pieces = Vec::with_capacity(assignments.len());
    let mut at = 0;
    loop {
        while holding.peek().is_some_and(|(_, strongest)| assignments[*strongest].last < at) {
            holding.pop();
        }
        let next_first = coming.peek().map(|next| assignments[*next].first);
        let Some(&(_, strongest)) = holding.peek() else {
            let Some(first) = next_first else { return pieces };
            at = first;
            while let Some(next) = coming.next_if(|next| assignments[*next].first == at) {
                holding.push((assignments[next].assigned_on, next));
            }
            continue;
        };
        let last = assignments[strongest].last;
        match next_first {
            Some(first) if first <= last => {
                if at < first {
                    pieces.push((at, first - 1, strongest));
                }
                at = first;
                while let Some(next) = coming.next_if(|next| assignments[*next].first == at) {
                    holding.push((assignments[next].assigned_on, next));
                }
            }
            _ => {
                pieces.push((at, last, strongest));
                at = last + 1;
            }
        }
    }
}
