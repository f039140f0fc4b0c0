//! What people call the operators.

use std::collections::BTreeMap;
use std::sync::LazyLock;

static BRANDS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    csv::Reader::from_reader(include_str!("../../data/operators.csv").as_bytes())
        .deserialize::<(String, String)>()
        .flatten()
        .map(|(company, brand)| (folded(&company), brand))
        .collect()
});

/// The brand of a company, which an unknown company's own name stands for.
pub(super) fn brand(company: &str) -> String {
    BRANDS.get(&folded(company)).cloned().unwrap_or_else(|| words(company))
}

fn folded(company: &str) -> String {
    words(company).to_uppercase()
}

fn words(company: &str) -> String {
    company.split_whitespace().collect::<Vec<_>>().join(" ")
}
