//! Long proofs over real processes and real servers: what is killed, cut off or lied to in the middle of a campaign, and
//! that both ledgers agree in the end.

#![expect(clippy::unwrap_used, reason = "what fails in here fails a test, and says where")]

mod api;
mod audit;
mod campaigns;
mod contacts;
mod counts;
mod documents;
mod edge;
mod faults;
mod house;
mod hygiene;
mod idempotency;
mod identity;
mod imports;
mod jobs;
mod kills;
mod lookups;
mod messages;
mod numbering;
mod outages;
mod records;
mod routes;
mod second_factor;
mod streams;
mod suppressions;
mod webhooks;
mod workers;
