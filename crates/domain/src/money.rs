//! Money: whole millionths of a currency, so that sums are exact.

use std::fmt;

/// Digits behind the point of a millionth.
const DECIMALS: usize = 6;

/// An amount of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// Which currency.
    pub currency: Currency,
}

impl Money {
    /// Nothing of `currency`.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { micros: 0, currency }
    }

    /// Reads an amount as people write it, such as `250` or `12.50`, to the last of its six decimals.
    ///
    /// # Errors
    /// When it is something else, or more than 64 bits of millionths hold.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, InvalidAmount> {
        let (whole, decimals) = amount.split_once('.').unwrap_or((amount, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(decimals) || decimals.len() > DECIMALS {
            return Err(InvalidAmount);
        }
        let micros = format!("{whole}{decimals:0<DECIMALS$}").parse().map_err(|_| InvalidAmount)?;
        Ok(Self { micros, currency })
    }

    /// `count` times this, or `None` beyond what 64 bits hold.
    #[must_use]
    pub fn times(self, count: u64) -> Option<Self> {
        let micros = i64::try_from(count).ok().and_then(|count| self.micros.checked_mul(count))?;
        Some(Self { micros, ..self })
    }
}

/// As people read it: two decimals, rounded half up, and the currency's code.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (i128::from(self.micros.unsigned_abs()) + 5_000) / 10_000;
        let sign = if self.micros < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02} {}", cents / 100, cents % 100, self.currency)
    }
}

/// A currency by its ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The Mexican peso.
    pub const MXN: Self = Self(*b"MXN");

    /// Reads a code.
    ///
    /// # Errors
    /// When it is not three capital letters.
    pub fn parse(code: &str) -> Result<Self, InvalidCurrency> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(InvalidCurrency),
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only `parse` and the constants build one, and both hold ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a currency's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters, as in MXN")]
pub struct InvalidCurrency;

/// Not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is digits and at most six decimals behind a point, as in 12.50")]
pub struct InvalidAmount;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_its_last_millionth_or_not_at_all() {
        let micros = |amount| Money::parse(amount, Currency::MXN).map(|money| money.micros);
        for (amount, expected) in
            [("0", 0), ("250", 250_000_000), ("12.5", 12_500_000), ("0.000001", 1), ("007.10", 7_100_000)]
        {
            assert_eq!(micros(amount), Ok(expected), "{amount}");
        }
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1,5", "1e3", "0.0000001", "9999999999999999", " 1", "١"]
        {
            assert_eq!(micros(bad), Err(InvalidAmount), "{bad}");
        }
    }

    #[test]
    fn money_adds_up_exactly_and_reads_as_people_write_it() {
        let price = Money { micros: 285_000, currency: Currency::MXN };
        assert_eq!(price.times(3).unwrap().to_string(), "0.86 MXN");
        assert_eq!(Money { micros: -1_004_999, ..price }.to_string(), "-1.00 MXN");
        assert_eq!(price.times(u64::MAX), None);
        assert_eq!(Currency::parse("mxn"), Err(InvalidCurrency));
    }
}
