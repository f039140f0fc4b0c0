//! Random numbers that are the same on every machine and in every version.

/// `SplitMix64`: one seed, one sequence.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of `seed` for one purpose, named by `salt`.
    pub(super) fn new(seed: u64, salt: u64) -> Self {
        Self(mix(seed ^ mix(salt)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A 32-bit number.
    pub(super) fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(end)) >> 32) as u32
    }

    /// True in `per_mille` of 1,000 cases.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of `items`, each as likely.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items[self.below(count) as usize]
    }
}

/// Spreads every bit of `value` over all of them.
pub(super) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// How many values a [`Scatter`] orders: the last seven digits of a number.
pub(super) const SCATTERED: u32 = 10_000_000;

/// All numbers of seven digits, each once, in an order that looks random: what makes numbers unique without
/// remembering them. A Feistel network over 24 bits, walked until it lands below ten million.
#[derive(Debug, Clone)]
pub(super) struct Scatter([u32; 4]);

impl Scatter {
    /// The order of `seed` for one purpose, named by `salt`.
    pub(super) fn new(seed: u64, salt: u64) -> Self {
        let mut random = Random::new(seed, salt);
        Self([random.word(), random.word(), random.word(), random.word()])
    }

    /// The value at `place`, which is taken modulo ten million.
    pub(super) fn at(&self, place: u32) -> u32 {
        let mut value = place % SCATTERED;
        loop {
            let (mut left, mut right) = (value >> 12, value & 0xfff);
            for key in self.0 {
                let round = (right ^ key).wrapping_mul(0x9e37_79b1) ^ key;
                (left, right) = (right, left ^ (round >> 17 & 0xfff));
            }
            value = left << 12 | right;
            if value < SCATTERED {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scatter_holds_every_value_once() {
        let scatter = Scatter::new(7, 553);
        let mut seen = vec![false; SCATTERED as usize];
        for place in 0..SCATTERED {
            let slot = &mut seen[scatter.at(place) as usize];
            assert!(!*slot, "place {place} repeats a value");
            *slot = true;
        }
    }

    #[test]
    fn a_scatter_spreads_neighbours() {
        let scatter = Scatter::new(7, 553);
        let low = (0..10_000).filter(|place| scatter.at(*place) < SCATTERED / 2).count();
        assert!((4_700..5_300).contains(&low), "{low} of 10,000 in the lower half");
    }
}
