//! What a sample holds, counted while it was written.

use std::collections::BTreeMap;
use std::path::Path;

use domain::phone::PhoneRejection;
use serde::Serialize;

use super::SampleSpec;

/// Counted row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) last_id: i64,
    pub(super) accepted: u64,
    pub(super) valid_kept: u64,
    pub(super) unassigned: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: [u64; PhoneRejection::ALL.len()],
    pub(super) es_valido_one: u64,
    pub(super) troubled_es_valido_one: u64,
    pub(super) with_city: u64,
}

/// What a sample holds: what an import of it into an empty database must find.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleSummary {
    /// The file.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// The seed it follows from.
    pub seed: u64,
    /// The share of bad rows that was asked for.
    pub dirt_percent: f64,
    /// Rows of `numeros`: all that follows but the last four adds up to it.
    pub rows: u64,
    /// The greatest id.
    pub last_id: i64,
    /// Rows with the first writing of a number of an assigned area code.
    pub accepted: u64,
    /// Rows with a well-formed number of an area code that is not assigned.
    pub accepted_invalid: u64,
    /// Rows with a number that an earlier row has.
    pub duplicates: u64,
    /// Rows that are rejected.
    pub rejected: u64,
    /// These by reason.
    pub rejected_by_reason: BTreeMap<&'static str, u64>,
    /// Accepted rows of an assigned area code whose `es_valido` is not 0, `f` or `false`.
    pub valid_kept: u64,
    /// Rows whose `es_valido` is the integer 1.
    pub es_valido_one: u64,
    /// Of these, the rows that are rejected, a duplicate, or of an unassigned area code.
    pub troubled_es_valido_one: u64,
    /// Rows with something in `ciudad_por_lada`.
    pub with_city: u64,
}

impl SampleSummary {
    pub(super) fn new(path: &Path, spec: &SampleSpec, counts: &Counts, bytes: u64) -> Self {
        Self {
            path: path.display().to_string(),
            bytes,
            seed: spec.seed,
            dirt_percent: spec.dirt.percent(),
            rows: counts.rows,
            last_id: counts.last_id,
            accepted: counts.accepted,
            accepted_invalid: counts.unassigned,
            duplicates: counts.duplicates,
            rejected: counts.rejected.iter().sum(),
            rejected_by_reason: PhoneRejection::ALL
                .iter()
                .map(|reason| reason.as_str())
                .zip(counts.rejected)
                .collect(),
            valid_kept: counts.valid_kept,
            es_valido_one: counts.es_valido_one,
            troubled_es_valido_one: counts.troubled_es_valido_one,
            with_city: counts.with_city,
        }
    }
}
