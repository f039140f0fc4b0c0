//! A sender is added.

use std::sync::Arc;

use domain::money::Money;
use domain::phone::PhoneNumber;
use domain::port::{Ids, SenderStore, WriteError};
use domain::request::Envelope;
use domain::sender::{Sender, SenderAddress, SenderId, SenderIdentity, SenderKind};

/// The longest name of a sender, in characters.
const NAME_CHARS_MAX: usize = 100;

/// The longest alphanumeric sender, in characters (GSM 03.40).
const ALPHANUMERIC_CHARS_MAX: usize = 11;

/// The fastest sender that is believed, in messages a second.
const RATE_MAX: f64 = 100_000.0;

/// Adds senders.
pub struct AddSender {
    /// Keeps them.
    pub senders: Arc<dyn SenderStore>,
    /// Makes the id.
    pub ids: Arc<dyn Ids>,
}

/// A sender to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSender {
    /// What people call it.
    pub name: String,
    /// The provider that sends for it.
    pub provider: String,
    /// Where its messages come from.
    pub address: SenderAddress,
    /// The most messages a second.
    pub rate_per_s: f64,
    /// What one segment costs.
    pub price_per_segment: Money,
    /// Who is behind it.
    pub identity: SenderIdentity,
}

/// Why none was added.
#[derive(Debug, thiserror::Error)]
pub enum AddSenderError {
    /// A part of it is not taken.
    #[error("{part}: {reason}")]
    Refused {
        /// Which part.
        part: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The name is taken, the key was used for another request, or the store is away.
    #[error(transparent)]
    Store(#[from] WriteError),
}

impl AddSender {
    /// Adds a sender.
    ///
    /// # Errors
    /// When a part of it is not taken, its name is taken, its key was used for something else, or the store is away.
    pub async fn execute(&self, new: NewSender, envelope: Envelope) -> Result<Sender, AddSenderError> {
        check(&new)?;
        let sender = Sender {
            id: SenderId(self.ids.next()),
            name: new.name.trim().to_owned(),
            provider: new.provider,
            address: new.address,
            rate_per_s: new.rate_per_s,
            price_per_segment: new.price_per_segment,
            identity: new.identity,
            created_at: envelope.at,
        };
        Ok(self.senders.add(sender, envelope).await?)
    }
}

fn check(new: &NewSender) -> Result<(), AddSenderError> {
    let name = new.name.trim();
    let value = new.address.value.as_str();
    let refused = if name.is_empty()
        || name.chars().count() > NAME_CHARS_MAX
        || name.chars().any(char::is_control)
    {
        Some(("name", "give 1 to 100 characters"))
    } else if new.provider != "telnyx" {
        Some(("provider", "give telnyx, the one provider there is"))
    } else if !(new.rate_per_s > 0.0 && new.rate_per_s <= RATE_MAX) {
        Some(("rate_per_s", "give more than 0 and at most 100000 messages a second"))
    } else if new.price_per_segment.micros < 0 {
        Some(("price_micros_per_segment", "give 0 or more"))
    } else {
        let sound = match new.address.kind {
            SenderKind::LongCode => value.starts_with('+') && PhoneNumber::parse(value).is_ok(),
            SenderKind::ShortCode => {
                (3..=8).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
            }
            SenderKind::Alphanumeric => {
                (1..=ALPHANUMERIC_CHARS_MAX).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
                    && value.bytes().any(|b| b.is_ascii_alphabetic())
            }
            SenderKind::Profile => {
                (1..=64).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }
        };
        (!sound).then_some((
            "value",
            "give a number as +525512345678, 3 to 8 digits of a short code, 1 to 11 letters and digits of a name, or the \
             id of a profile, as its kind is",
        ))
    };
    refused.map_or(Ok(()), |(part, reason)| Err(AddSenderError::Refused { part, reason }))
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use domain::port::{MockIds, MockSenderStore};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn new(kind: SenderKind, value: &str) -> NewSender {
        NewSender {
            name: " Marca ".to_owned(),
            provider: "telnyx".to_owned(),
            address: SenderAddress { kind, value: value.to_owned() },
            rate_per_s: 0.5,
            price_per_segment: Money { micros: 285_000, currency: Currency::MXN },
            identity: SenderIdentity::default(),
        }
    }

    async fn add(new: NewSender, times: usize) -> Result<Sender, AddSenderError> {
        let mut senders = MockSenderStore::new();
        senders.expect_add().times(times).returning(|sender, _| Ok(sender));
        let mut ids = MockIds::new();
        ids.expect_next().return_const(Uuid::from_u128(7));
        let add = AddSender { senders: Arc::new(senders), ids: Arc::new(ids) };
        add.execute(new, Envelope::of_program("test", Timestamp::UNIX_EPOCH)).await
    }

    #[tokio::test]
    async fn a_sender_of_each_kind_is_taken_as_its_provider_would() {
        for (kind, value) in [
            (SenderKind::LongCode, "+525512345678"),
            (SenderKind::ShortCode, "12345"),
            (SenderKind::Alphanumeric, "Mi Marca 1"),
            (SenderKind::Profile, "4001767e-ce0f-4cae-9d5f-0d5e636e7809"),
        ] {
            assert_eq!(add(new(kind, value), 1).await.unwrap().name, "Marca");
        }
    }

    #[tokio::test]
    async fn what_no_provider_would_take_is_refused_by_its_part() {
        let fine = || new(SenderKind::Alphanumeric, "MARCA");
        for (refused, part) in [
            (new(SenderKind::LongCode, "12345"), "value"),
            (new(SenderKind::ShortCode, "12a45"), "value"),
            (new(SenderKind::Alphanumeric, "Demasiado larga"), "value"),
            (new(SenderKind::Alphanumeric, "12345"), "value"),
            (new(SenderKind::Profile, ""), "value"),
            (NewSender { name: " ".to_owned(), ..fine() }, "name"),
            (NewSender { provider: "otro".to_owned(), ..fine() }, "provider"),
            (NewSender { rate_per_s: 0.0, ..fine() }, "rate_per_s"),
            (NewSender { rate_per_s: f64::NAN, ..fine() }, "rate_per_s"),
        ] {
            let error = add(refused, 0).await.unwrap_err();
            assert!(
                matches!(&error, AddSenderError::Refused { part: named, .. } if *named == part),
                "{error}"
            );
        }
    }
}
