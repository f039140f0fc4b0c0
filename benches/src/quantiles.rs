//! What most of many measurements stayed below.

/// Measurements, the smallest first.
pub(crate) struct Quantiles(Vec<f64>);

impl Quantiles {
    pub(crate) fn of(mut measured: Vec<f64>) -> Self {
        measured.sort_by(f64::total_cmp);
        Self(measured)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What so many of a thousand did not exceed; nothing where nothing was measured.
    pub(crate) fn at(&self, of_thousand: usize) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        self.0.get((self.0.len() * of_thousand / 1_000).min(last)).copied()
    }
}
