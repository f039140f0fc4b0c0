//! The first three digits of the sample's numbers, as often as the real file has them.

use domain::lada::{Lada, Place};
use domain::phone::PhoneNumber;

use super::random::{Random, SCATTERED, Scatter, mix};

/// Leads of the real file, and how many of them its maker's list of area codes did not have.
pub(super) const LEADS: usize = 284;
pub(super) const LEADS_MISSING: usize = 186;
/// Rows of the real file per million that begin with each of its commonest leads.
const COMMONEST: [(u16, u32); 11] = [
    (553, 90_870),
    (552, 73_950),
    (551, 58_940),
    (811, 57_310),
    (722, 31_380),
    (554, 26_470),
    (871, 16_650),
    (656, 16_370),
    (331, 15_560),
    (614, 14_740),
    (686, 13_640),
];
/// The next of them: the leads of large cities. The rest follow in an order of no meaning.
const COMMON: [u16; 34] = [
    664, 222, 442, 332, 662, 477, 556, 812, 668, 449, 999, 998, 333, 444, 833, 618, 443, 667, 868, 899, 557,
    867, 229, 993, 951, 961, 312, 813, 646, 311, 612, 644, 834, 844,
];
/// Share of the first of these per million, and of each next to the one before it, per 10,000: together they are what
/// the commonest leave.
const NEXT_SHARE: f64 = 13_100.0;
const NEXT_RATIO: f64 = 0.9776;
/// Leads that no area code has: numbers that are well formed and yet nobody's.
pub(super) const UNASSIGNED: [u16; 40] = [
    202, 205, 208, 214, 219, 230, 240, 253, 259, 265, 269, 277, 280, 290, 303, 350, 361, 368, 390, 403, 410,
    439, 505, 513, 520, 527, 540, 572, 604, 619, 666, 681, 704, 730, 787, 802, 837, 855, 904, 942,
];
const EXAMPLES_MAX: usize = 3;

/// A lead and the numbers that were taken from it.
#[derive(Debug)]
pub(super) struct Lead {
    pub(super) digits: u16,
    pub(super) place: Option<&'static Place>,
    /// Whether the old list of area codes had it.
    pub(super) is_known: bool,
    /// Its share of the rows; those of all leads add up to 1.
    pub(super) share: f64,
    /// Rows that begin with it.
    pub(super) rows: u64,
    /// The first of their numbers.
    pub(super) examples: Vec<u64>,
    order: Scatter,
    taken: u32,
}

impl Lead {
    pub(super) fn new(
        seed: u64,
        digits: u16,
        place: Option<&'static Place>,
        is_known: bool,
        share: f64,
    ) -> Self {
        let order = Scatter::new(seed, u64::from(digits));
        Self { digits, place, is_known, share, rows: 0, examples: Vec::new(), order, taken: 0 }
    }

    /// A number that was not taken before and that the rules accept; none once all ten million are taken.
    pub(super) fn take(&mut self) -> Option<u64> {
        while self.taken < SCATTERED {
            let number = u64::from(self.digits) * u64::from(SCATTERED) + u64::from(self.order.at(self.taken));
            self.taken += 1;
            if PhoneNumber::from_national(number).is_ok() {
                self.rows += 1;
                if self.examples.len() < EXAMPLES_MAX {
                    self.examples.push(number);
                }
                return Some(number);
            }
        }
        None
    }
}

/// The leads with area codes, by falling share.
#[derive(Debug)]
pub(super) struct Leads {
    leads: Vec<Lead>,
    /// Sums of the shares, scaled to 32 bits.
    ends: Vec<u32>,
}

impl Leads {
    pub(super) fn new(seed: u64) -> Self {
        let mut digits: Vec<u16> = COMMONEST.iter().map(|(digits, _)| *digits).collect();
        digits.extend(COMMON.iter().filter(|lead| assigned_place(**lead).is_some()));
        let mut rest: Vec<u16> = (200..1_000).filter(|lead| assigned_place(*lead).is_some()).collect();
        rest.sort_by_key(|lead| mix(u64::from(*lead)));
        digits.extend(rest);
        let mut listed = [false; 1_000];
        digits.retain(|lead| !std::mem::replace(&mut listed[usize::from(*lead)], true));
        digits.truncate(LEADS);

        let mut weights: Vec<f64> = COMMONEST.iter().map(|(_, rows)| f64::from(*rows)).collect();
        let mut next = NEXT_SHARE;
        weights.resize_with(digits.len(), || {
            let weight = next;
            next *= NEXT_RATIO;
            weight
        });
        let total: f64 = weights.iter().sum();
        let known = LEADS - LEADS_MISSING;
        let leads: Vec<Lead> = digits
            .iter()
            .zip(&weights)
            .enumerate()
            .map(|(rank, (lead, weight))| {
                Lead::new(seed, *lead, assigned_place(*lead), rank < known, weight / total)
            })
            .collect();
        let mut sum = 0.0;
        let ends = leads
            .iter()
            .map(|lead| {
                sum += lead.share;
                scaled(sum)
            })
            .collect();
        Self { leads, ends }
    }

    /// The index of a lead, as likely as its share.
    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let word = random.word();
        self.ends.partition_point(|end| *end <= word).min(self.leads.len() - 1)
    }

    /// A new number of some lead, and the index of that lead. The shares leave every lead enough for as many rows as a
    /// sample may have; one that is spent all the same hands over to the next.
    pub(super) fn take(&mut self, random: &mut Random) -> Option<(usize, u64)> {
        let first = self.draw(random);
        let count = self.leads.len();
        (first..first + count).map(|at| at % count).find_map(|at| Some((at, self.leads[at].take()?)))
    }

    pub(super) fn get(&self, at: usize) -> &Lead {
        &self.leads[at]
    }

    pub(super) fn all(&self) -> &[Lead] {
        &self.leads
    }

    pub(super) fn into_all(self) -> Vec<Lead> {
        self.leads
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is between 0 and 1")]
pub(super) fn scaled(share: f64) -> u32 {
    (share * f64::from(u32::MAX)) as u32
}

/// The place of a lead that is assigned and whose place is known.
fn assigned_place(lead: u16) -> Option<&'static Place> {
    // Seven digits that make no placeholder of any lead.
    let number = PhoneNumber::from_national(u64::from(lead) * u64::from(SCATTERED) + 2_050_818).ok()?;
    Lada::of(number)?.place()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leads_are_those_of_the_real_file_in_number_and_share() {
        let leads = Leads::new(1);
        assert_eq!(leads.all().len(), LEADS);
        assert_eq!(leads.all().iter().filter(|lead| !lead.is_known).count(), LEADS_MISSING);
        assert_eq!(leads.all()[0].digits, 553);
        let total: f64 = leads.all().iter().map(|lead| lead.share).sum();
        assert!((total - 1.0).abs() < 1e-9);
        for (lead, (digits, rows)) in leads.all().iter().zip(COMMONEST) {
            assert_eq!(lead.digits, digits);
            assert!((lead.share * 1e6 / f64::from(rows) - 1.0).abs() < 0.02, "{digits}: {}", lead.share);
        }
    }

    #[test]
    fn unassigned_leads_are_well_formed_and_nobodys() {
        for lead in UNASSIGNED {
            let number =
                PhoneNumber::from_national(u64::from(lead) * u64::from(SCATTERED) + 2_050_818).unwrap();
            assert!(!number.is_assigned(), "{lead}");
        }
    }
}
