//! The ports of the domain over PostgreSQL.
//!
//! The one room that speaks SQL. One statement a file in `sql/`; rows are decoded next to where they are asked for; no
//! type of the driver leaves. SQLSTATE decides what an error means to the caller, its text never.

mod account;
mod api_key;
mod audience;
mod audit;
mod campaign;
mod census;
mod contact;
mod contact_desk;
mod copy;
mod database;
mod dispatch;
mod error;
mod extract;
mod housekeeping;
mod identity;
mod import;
mod inbound;
mod job;
mod lookup;
mod message_desk;
mod mutant;
mod numbering;
mod records;
mod request;
mod role;
mod saved_segment;
mod schema;
mod search;
mod segment;
mod sender;
mod session;
mod suppression;
mod worker;

pub use account::PostgresAccountDesk;
pub use api_key::PostgresApiKeyStore;
pub use audience::PostgresAudienceStore;
pub use audit::PostgresAuditLog;
pub use campaign::PostgresCampaignStore;
pub use census::PostgresContactCensus;
pub use contact::PostgresContactStore;
pub use contact_desk::PostgresContactDesk;
pub use database::{Database, DatabaseOptions};
pub use dispatch::{DispatchOptions, PostgresDispatch, SendingRules};
pub use extract::PostgresExtractStore;
pub use housekeeping::PostgresHousekeeping;
pub use identity::PostgresIdentityStore;
pub use import::{BulkLoad, PostgresImportInspection, PostgresImportStore};
pub use inbound::PostgresInboundDesk;
pub use job::{JobQueueOptions, JobStoreOptions, PostgresJobQueue, PostgresJobStore};
pub use lookup::{LookupStoreOptions, PostgresLookupStore};
pub use message_desk::PostgresMessageDesk;
pub use numbering::PostgresNumberingPlanStore;
pub use records::{PostgresRecordDesk, RecordDeskOptions};
pub use role::{Group, Login, LoginMade};
pub use saved_segment::PostgresSegmentStore;
pub use schema::{Migration, Schema, SchemaState, SchemaStatus};
pub use search::PostgresContactSearch;
pub use sender::PostgresSenderStore;
pub use session::PostgresSessionStore;
pub use suppression::PostgresSuppressionStore;
pub use worker::PostgresWorkerStore;
