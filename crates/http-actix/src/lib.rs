//! Routes, problems and OpenAPI over the use cases.
//!
//! One file a resource: what goes in and out, and the handlers. A handler takes what it needs, calls one use case and
//! answers; every refusal is a [`Problem`]. No rule of the product, no SQL and no driver enters.

mod access;
mod address;
mod advice;
mod api_doc;
mod api_keys;
mod audit;
mod auth;
mod caller;
mod campaigns;
mod contact_changes;
mod contact_imports;
mod contacts;
mod described;
mod extracts;
mod frame;
mod guard;
mod health;
mod inbound;
mod input;
mod jobs;
mod limits;
mod lookups;
mod messages;
mod metrics;
mod money;
pub mod ops;
mod options;
mod page;
mod phones;
mod problem;
mod readings;
mod routes;
mod saved_segments;
mod search;
mod second_factor;
mod segments;
mod senders;
mod serve;
mod spreadsheet;
mod stats;
mod strict;
mod suppressions;
mod users;
mod watching;
mod webhooks;
mod workers;

pub use api_doc::openapi_json;
pub use health::{Check, CheckFailed, Checks};
pub use limits::{HeavyRequests, RequestRates};
pub use metrics::Metrics;
pub use options::HttpOptions;
pub use problem::Problem;
pub use serve::{ServeError, Server, Services};
