//! What Telnyx says that a message costs: in its receipts, and in its detail records.

use domain::billing::Bill;
use domain::money::{Currency, Money};
use serde_json::Value;

/// The decimals of a millionth.
const DECIMALS: usize = 6;

/// What the payload of a receipt or a record says.
pub(crate) fn read(payload: &str) -> Option<Bill> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    of_receipt(&payload).or_else(|| of_record(&payload))
}

fn of_receipt(event: &Value) -> Option<Bill> {
    let message = event.pointer("/data/payload")?;
    let cost = message.get("cost");
    bill(
        message.get("id")?.as_str()?,
        message.get("parts")?,
        cost.and_then(|cost| cost.get("amount")),
        cost.and_then(|cost| cost.get("currency")),
    )
}

fn of_record(record: &Value) -> Option<Bill> {
    bill(record.get("uuid")?.as_str()?, record.get("parts")?, record.get("cost"), record.get("currency"))
}

fn bill(id: &str, parts: &Value, amount: Option<&Value>, currency: Option<&Value>) -> Option<Bill> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let cost = text(amount).zip(text(currency)).and_then(|(amount, currency)| {
        Some(Money { micros: micros(&amount)?, currency: Currency::parse(&currency).ok()? })
    });
    let segments = u16::try_from(parts.as_u64()?).ok()?;
    (!id.is_empty() && segments > 0).then(|| Bill { provider_id: id.to_owned(), segments, cost })
}

/// Millionths of a decimal number such as `0.0051`; what is smaller than a millionth is cut off.
fn micros(amount: &str) -> Option<i64> {
    let (whole, decimals) = amount.split_once('.').unwrap_or((amount, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let decimals: String = decimals.chars().chain(std::iter::repeat('0')).take(DECIMALS).collect();
    let whole: i64 = whole.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(decimals.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_and_records_say_what_a_message_costs() {
        let receipt =
            r#"{"data":{"payload":{"id":"40385f64","parts":2,"cost":{"amount":"0.0102","currency":"USD"}}}}"#;
        let record = r#"{"record_type":"message_detail_record","uuid":"40385f64","parts":2,"cost":"0.0102","currency":"USD"}"#;
        let cost = Money { micros: 10_200, currency: Currency::parse("USD").unwrap() };
        let told = Bill { provider_id: "40385f64".to_owned(), segments: 2, cost: Some(cost) };
        assert_eq!(read(receipt), Some(told.clone()));
        assert_eq!(read(record), Some(told.clone()));
        let unpriced = r#"{"data":{"payload":{"id":"40385f64","parts":2,"cost":null}}}"#;
        assert_eq!(read(unpriced), Some(Bill { cost: None, ..told }));
    }

    #[test]
    fn what_says_no_more_than_a_state_is_no_bill() {
        for payload in [
            "",
            "[]",
            "{}",
            r#"{"data":{"payload":{"id":"40385f64"}}}"#,
            r#"{"data":{"payload":{"id":"","parts":1}}}"#,
            r#"{"data":{"payload":{"id":"40385f64","parts":0}}}"#,
            r#"{"data":{"payload":{"id":"40385f64","parts":"2"}}}"#,
            r#"{"uuid":"40385f64","parts":70000}"#,
        ] {
            assert_eq!(read(payload), None, "{payload}");
        }
    }

    #[test]
    fn an_amount_is_read_digit_by_digit() {
        for (amount, read) in [
            ("0.0051", Some(5_100)),
            ("12", Some(12_000_000)),
            ("0.000000999", Some(0)),
            ("1.23456789", Some(1_234_567)),
            ("", None),
            (".5", None),
            ("-1", None),
            ("1e3", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(micros(amount), read, "{amount}");
        }
    }
}
