//! Telnyx Messaging v2: messages go out through [`TelnyxGateway`], [`TelnyxWebhooks`] reads what comes back,
//! and [`TelnyxLookup`] asks what kind of line a number is.
//!
//! What an answer or a receipt means is decided in one table (`codes`) and nowhere else. Neither settings nor a clock
//! enter here, and no phone, text or key leaves by a log, an error or a `Debug`.

mod answer;
mod bill;
mod client;
mod codes;
mod gateway;
mod keys;
mod lookup;
mod records;
mod webhooks;

pub use client::TelnyxGatewayError;
pub use gateway::{TelnyxGateway, TelnyxOptions};
pub use keys::TelnyxKeys;
pub use lookup::{TelnyxLookup, TelnyxLookupOptions};
pub use records::TelnyxRecords;
pub use webhooks::{TelnyxPublicKeyError, TelnyxWebhooks};
