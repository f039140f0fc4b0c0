//! Use cases, one a file: each reads as the story that product people would tell, over the ports of the domain.
//!
//! No driver, no HTTP, no SQL, no clock of its own may enter.

mod add_contact;
mod add_sender;
mod analyze_source;
mod answer_inbound;
mod api_keys;
mod campaigns;
mod change_contact;
mod count_contacts;
mod create_user;
mod explain_message;
mod follow_work;
mod import_numbers;
mod kept_counts;
mod look_up_campaign;
mod look_up_numbers;
mod look_up_phones;
mod look_up_segment;
mod numbering_plans;
mod prepare_campaign;
mod preview_campaign;
mod preview_segment;
mod reconcile_messages;
mod relay_permits;
mod restore_backup;
mod roll_back_import;
mod route_sender;
mod run_jobs;
mod saved_segments;
mod search_contacts;
mod send_message;
mod sign_in;
mod suppressions;
mod tag_contacts;
mod take_contact_file;
mod take_extract;
mod test_campaign;
mod users;
mod verify_audit;
mod verify_import;
mod watch_workers;
mod work_permit;

pub use add_contact::{AddContact, AddContactError};
pub use add_sender::{AddSender, AddSenderError, NewSender};
pub use analyze_source::{AnalyzeSource, AnalyzedSource};
pub use answer_inbound::AnswerInbound;
pub use api_keys::{CreateApiKey, CreateApiKeyError, KeyCommand};
pub use campaigns::{
    CampaignError, ChangeCampaign, DraftCampaign, DraftCommand, FollowCampaign, Followed, WindowChoice,
};
pub use change_contact::{ChangeContact, ChangeContactError};
pub use count_contacts::{CountContacts, CountedContacts};
pub use create_user::{CreateUser, CreateUserError, NewUser};
pub use explain_message::{ExplainMessage, Explained, Sentences, Verdict};
pub use follow_work::{Audience, Extracts, FollowWork, Work};
pub use import_numbers::{ImportCommand, ImportError, ImportNumbers, ImportObserver, ImportOutcome};
pub use kept_counts::KeptCounts;
pub use look_up_campaign::{LookUpCampaign, LookUpCampaignError};
pub use look_up_numbers::{Asked, LookUpNumbers, LookupEnd, LookupRun, Told};
pub use look_up_phones::{
    LineSource, LookUpCommand, LookUpPhones, LookUpPhonesError, LookedUpPhones, NumberAnswer,
};
pub use look_up_segment::{LookUpSegment, LookupStep};
pub use numbering_plans::{
    KnownPlan, LoadNumberingPlan, LoadPlanError, ProposedPlan, Reclassify, ReclassifyError, ReclassifyOutcome,
};
pub use prepare_campaign::{PrepareCampaign, Prepared};
pub use preview_campaign::{CampaignPreview, PreviewCampaign, PreviewLimits};
pub use preview_segment::{PreviewSegment, PreviewSegmentError, SegmentPreview};
pub use reconcile_messages::{FoundRecords, ReconcileMessages};
pub use relay_permits::{RelayError, RelayPermits};
pub use restore_backup::{RestoreBackup, RestoreError};
pub use roll_back_import::{Referenced, RollBackImport, RollbackError, RollbackObserver};
pub use route_sender::{RouteSender, RouteSenderError};
pub use run_jobs::{RunJobs, Worked};
pub use saved_segments::{SaveSegment, SaveSegmentError, SegmentChoice};
pub use search_contacts::{FoundContacts, FoundTotal, PartsOfPhones, SearchContacts, SearchError};
pub use send_message::{SendCommand, SendError, SendMessage};
pub use sign_in::{
    Authenticate, AuthenticateError, ChangePassword, ChangePasswordError, Credential, DeskError, EndSession,
    FactorDesk, ListSessions, LogIn, LogInError, LogOut, Login, LoginThrottle, Pass, RefreshError,
    RefreshSession, SecondFactorError, SecondFactors, SessionCache, SignInDesk, TokenLifetimes,
};
pub use suppressions::{LoadCommand, LoadSuppressions, LoadSuppressionsError, LoadedList};
pub use tag_contacts::{TagCommand, TagContacts, TagContactsError};
pub use take_contact_file::{IncomingFile, TakeContactFile, TakeFileError};
pub use take_extract::{ExtractCommand, ExtractLimits, TakeExtract, TakeExtractError};
pub use test_campaign::{TestCampaign, TestCommand};
pub use users::{ChangeUser, ChangeUserError, InviteUser, InviteUserError};
pub use verify_audit::{AuditFault, AuditVerdict, VerifyAudit};
pub use verify_import::{VerifyCommand, VerifyError, VerifyImport};
pub use watch_workers::{BrokerState, DeadLetterError, WatchWorkers, WorkersState};
pub use work_permit::{Gateways, SendLimits, WorkLoad, WorkPermit};
