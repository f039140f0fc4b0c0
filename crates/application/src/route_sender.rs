//! Messages of a sender are given to others, by the carrier of their number.

use std::collections::HashSet;
use std::sync::Arc;

use domain::lookup::LookedUp;
use domain::port::{SenderStore, StoreError};
use domain::request::Envelope;
use domain::sender::{Sender, SenderId, SenderKind, SenderRoute};

/// The most routes of one sender.
const ROUTES_MAX: usize = 64;

/// The most senders of one route.
const VIA_MAX: usize = 8;

/// Sets the routes of senders.
pub struct RouteSender {
    /// Keeps them.
    pub senders: Arc<dyn SenderStore>,
}

/// Why routes were not set.
#[derive(Debug, thiserror::Error)]
pub enum RouteSenderError {
    /// There is no such sender.
    #[error("there is no such sender")]
    NoSender,
    /// A part of them is not taken.
    #[error("{at}: {reason}")]
    Refused {
        /// Where, as a JSON pointer into the routes.
        at: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RouteSender {
    /// Puts `routes` in the place of those of the sender, and says what they are now: carriers go by their brand, as they do with
    /// contacts.
    ///
    /// # Errors
    /// When there is no such sender, a route is not taken, or the store is away. Nothing is changed then.
    pub async fn execute(
        &self,
        id: SenderId,
        routes: Vec<SenderRoute>,
        envelope: Envelope,
    ) -> Result<Vec<SenderRoute>, RouteSenderError> {
        let senders = self.senders.list().await?;
        let own = senders.iter().find(|sender| sender.id == id).ok_or(RouteSenderError::NoSender)?;
        if routes.len() > ROUTES_MAX {
            return Err(refused(String::new(), "give at most 64 routes"));
        }
        let mut carriers = HashSet::new();
        let mut checked = Vec::with_capacity(routes.len());
        for (n, route) in routes.into_iter().enumerate() {
            let carrier =
                carrier_of(route.carrier).map_err(|reason| refused(format!("/{n}/carrier"), reason))?;
            if !carriers.insert(carrier.clone()) {
                return Err(refused(format!("/{n}/carrier"), "give each carrier one route"));
            }
            check(own, &route.via, &senders)
                .map_err(|(at, reason)| refused(format!("/{n}/via{at}"), reason))?;
            checked.push(SenderRoute { carrier, via: route.via });
        }
        self.senders.set_routes(id, checked.clone(), envelope).await?;
        Ok(checked)
    }
}

fn refused(at: String, reason: &'static str) -> RouteSenderError {
    RouteSenderError::Refused { at, reason }
}

/// A carrier by its brand.
fn carrier_of(given: Option<String>) -> Result<Option<String>, &'static str> {
    let Some(name) = given else { return Ok(None) };
    LookedUp::carrier_of(&name).map(Some).ok_or("give the carrier's name, or null for every other")
}

/// Whether messages of `own` may go by these, in this order.
fn check(own: &Sender, via: &[SenderId], senders: &[Sender]) -> Result<(), (String, &'static str)> {
    if via.is_empty() || via.len() > VIA_MAX {
        return Err((String::new(), "give 1 to 8 senders"));
    }
    let mut seen = HashSet::new();
    for (n, id) in via.iter().enumerate() {
        let refused = match senders.iter().find(|sender| sender.id == *id) {
            None => Some("there is no such sender"),
            Some(_) if !seen.insert(id) => Some("give each sender once"),
            Some(hop)
                if hop.address.kind == SenderKind::Alphanumeric && own.address.kind != hop.address.kind =>
            {
                Some("nobody can answer a name, as the texts of a number tell people to")
            }
            Some(hop) if hop.provider != own.provider => {
                Some("a route goes by senders of the same provider: its account has one pace")
            }
            Some(hop)
                if hop.price_per_segment.currency != own.price_per_segment.currency
                    || hop.price_per_segment.micros > own.price_per_segment.micros =>
            {
                Some(
                    "a sender on a route may cost no more than the one that campaigns are reckoned with; \
                     make the dearest of them the campaigns' sender",
                )
            }
            Some(_) => None,
        };
        if let Some(reason) = refused {
            return Err((format!("/{n}"), reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Money};
    use domain::port::MockSenderStore;
    use domain::sender::{SenderAddress, SenderIdentity};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn sender(n: u128, micros: i64) -> Sender {
        let kind = if n == 8 { SenderKind::Alphanumeric } else { SenderKind::ShortCode };
        Sender {
            id: SenderId(Uuid::from_u128(n)),
            name: format!("Sender {n}"),
            provider: if n == 9 { "other" } else { "telnyx" }.to_owned(),
            address: SenderAddress { kind, value: format!("5000{n}") },
            rate_per_s: 10.0,
            price_per_segment: Money { micros, currency: Currency::MXN },
            identity: SenderIdentity::default(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn route(carrier: Option<&str>, via: &[u128]) -> SenderRoute {
        SenderRoute {
            carrier: carrier.map(str::to_owned),
            via: via.iter().map(|n| SenderId(Uuid::from_u128(*n))).collect(),
        }
    }

    /// Sets the routes of sender 1, beside which there are 2, a dearer 3, a name, 8, and one of another provider, 9.
    async fn set(id: u128, routes: Vec<SenderRoute>) -> Result<Vec<SenderRoute>, RouteSenderError> {
        let mut senders = MockSenderStore::new();
        senders.expect_list().returning(|| {
            Ok(vec![sender(1, 200), sender(2, 200), sender(3, 201), sender(8, 1), sender(9, 1)])
        });
        senders.expect_set_routes().returning(|_, _, _| Ok(()));
        RouteSender { senders: Arc::new(senders) }
            .execute(
                SenderId(Uuid::from_u128(id)),
                routes,
                Envelope::of_program("test", Timestamp::UNIX_EPOCH),
            )
            .await
    }

    #[tokio::test]
    async fn routes_are_set_and_a_carrier_goes_by_its_brand() {
        let routes = vec![route(Some(" RADIOMOVIL DIPSA "), &[2, 1]), route(None, &[1])];
        let kept = set(1, routes).await.unwrap();
        assert_eq!(kept, [route(Some("Telcel"), &[2, 1]), route(None, &[1])]);
        assert_eq!(set(1, Vec::new()).await.unwrap(), [], "none is by itself alone");
    }

    #[tokio::test]
    async fn what_is_refused_says_where() {
        let many = (0..65).map(|n| route(Some(&format!("c{n}")), &[2])).collect();
        for (routes, place) in [
            (vec![route(None, &[2]), route(Some(" "), &[2])], "/1/carrier"),
            (vec![route(Some("Telcel"), &[2]), route(Some("RADIOMOVIL DIPSA"), &[1])], "/1/carrier"),
            (vec![route(None, &[2]), route(None, &[1])], "/1/carrier"),
            (vec![route(None, &[])], "/0/via"),
            (vec![route(None, &[2; 9])], "/0/via"),
            (vec![route(None, &[2, 2])], "/0/via/1"),
            (vec![route(None, &[7])], "/0/via/0"),
            (vec![route(None, &[2, 3])], "/0/via/1"),
            (vec![route(None, &[9])], "/0/via/0"),
            (vec![route(None, &[2, 8])], "/0/via/1"),
            (many, ""),
        ] {
            let told = set(1, routes).await;
            assert!(
                matches!(&told, Err(RouteSenderError::Refused { at, .. }) if at == place),
                "{place}: {told:?}"
            );
        }
        assert!(matches!(set(7, Vec::new()).await, Err(RouteSenderError::NoSender)));
    }
}
