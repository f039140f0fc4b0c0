//! The adapter against a real server: the contracts of its ports, and what the schema promises beside them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails in here fails a test, and says where"
)]

mod accounts;
mod api_keys;
mod audit;
mod campaigns;
mod census;
mod contact_desk;
mod contracts;
mod dispatch;
mod extracts;
mod failures;
mod finishing;
mod guards;
mod harness;
mod import_fields;
mod jobs;
mod login_failures;
mod lookups;
mod messages;
mod names;
mod plan_queries;
mod poison;
mod roles;
mod schema;
mod search;
mod segments;
mod server_settings;
mod statements;
mod suppressions;
