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

/// The brand of an operator as a provider writes it: with the form of its company, as in the plan, or without, or by the brand itself
/// in any letters.
pub(crate) fn brand_of(operator: &str) -> String {
    let named = folded(operator);
    let is_named = |company: &str| company == named || company.split(',').next() == Some(named.as_str());
    let found = BRANDS.iter().find(|(company, brand)| is_named(company) || folded(brand) == named);
    found.map_or_else(|| words(operator), |(_, brand)| brand.clone())
}

fn folded(company: &str) -> String {
    words(company).to_uppercase()
}

fn words(company: &str) -> String {
    company.split_whitespace().collect::<Vec<_>>().join(" ")
}
