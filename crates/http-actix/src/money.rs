//! Money as it goes over the wire.

use domain::money::Money;
use serde::Serialize;
use utoipa::ToSchema;

/// An amount: whole millionths as text, so that no reader rounds it.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct MoneyView {
    /// Millionths of the currency's unit.
    #[schema(example = "285000")]
    amount_micros: String,
    /// ISO 4217.
    #[schema(example = "MXN")]
    currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount_micros: money.micros.to_string(), currency: money.currency.to_string() }
    }
}
