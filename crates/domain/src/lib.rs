//! The language of the product: contacts, numbers, places, imports, campaigns, messages and users, their rules, and the ports around them.
//!
//! Pure: no runtime, no SQL, no HTTP, no clock, no environment, no input or output. Time, ids and randomness come in
//! as arguments or through [`port`].

pub mod access;
pub mod advice;
pub mod analysis;
pub mod api_key;
pub mod audit;
pub mod billing;
pub mod campaign;
pub mod census;
pub mod city;
pub mod contact;
pub mod extract;
pub mod identity;
pub mod import;
pub mod inbound;
pub mod job;
pub mod keyword;
pub mod lada;
pub mod lookup;
pub mod message;
pub mod money;
pub mod name;
pub mod numbering;
pub mod phone;
pub mod port;
pub mod rate;
pub mod reply;
pub mod request;
pub mod search;
pub mod segment;
pub mod sender;
pub mod session;
pub mod sheet;
pub mod sms;
pub mod source;
mod spelling;
pub mod state;
pub mod suppression;
pub mod template;
pub mod text;
pub mod verification;
pub mod wording;
