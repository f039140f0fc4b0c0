//! Which rows are in trouble, and which: an exact share, known in advance, one row somewhere in each stretch.

use super::number::Trouble;
use super::random::{Random, mix};

/// Tells, row by row from the first, what is wrong with the row's number.
#[derive(Debug)]
pub(super) struct Schedule {
    random: Random,
    seed: u64,
    per_million: u32,
    /// Stretches that the file has in full; rows after the last of them are sound.
    stretches: u64,
    stretch: u64,
    next_row: u64,
}

impl Schedule {
    pub(super) fn new(seed: u64, rows: u64, per_million: u32) -> Self {
        let stretches = rows * u64::from(per_million) / 1_000_000;
        let mut schedule =
            Self { random: Random::new(seed, 3), seed, per_million, stretches, stretch: 0, next_row: 0 };
        schedule.place();
        schedule
    }

    /// Puts the stretch's row in trouble somewhere in it.
    fn place(&mut self) {
        let start = |stretch: u64| (stretch * 1_000_000).div_ceil(u64::from(self.per_million.max(1)));
        let (first, end) = (start(self.stretch), start(self.stretch + 1));
        self.next_row = first + mix(self.seed ^ mix(self.stretch)) % (end - first);
    }

    /// What is wrong with `row`; nothing with most. Rows are asked for in order.
    pub(super) fn trouble(&mut self, row: u64) -> Option<Trouble> {
        if self.stretch >= self.stretches || row != self.next_row {
            return None;
        }
        // Every kind comes once before any comes by chance.
        let first = usize::try_from(self.stretch).ok().and_then(|at| Trouble::ALL.get(at)).copied();
        self.stretch += 1;
        self.place();
        Some(first.unwrap_or_else(|| Trouble::draw(&mut self.random)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_exact_and_every_kind_comes() {
        for (rows, per_million) in
            [(1_000, 50_000), (1_000, 10_000), (50_000, 3_500), (999, 200_000), (10, 3_500)]
        {
            let mut schedule = Schedule::new(9, rows, per_million);
            let found: Vec<_> = (0..rows).filter_map(|row| schedule.trouble(row)).collect();
            assert_eq!(found.len() as u64, rows * u64::from(per_million) / 1_000_000);
            if found.len() >= Trouble::ALL.len() {
                assert!(Trouble::ALL.iter().all(|trouble| found.contains(trouble)));
            }
        }
    }
}
