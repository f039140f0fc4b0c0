//! The server: what it serves, within which bounds, and how it ends.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::dev::{Server as ActixServer, ServerHandle};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer};
use application::{
    AddContact, AddSender, Authenticate, ChangeCampaign, ChangeContact, ChangePassword, ChangeUser,
    CountContacts, CreateApiKey, DraftCampaign, EndSession, ExplainMessage, FollowCampaign, FollowWork,
    InviteUser, KnownPlan, ListSessions, LoadSuppressions, LogIn, LogOut, LookUpCampaign, LookUpPhones,
    PreviewCampaign, PreviewSegment, RefreshSession, RouteSender, SaveSegment, SearchContacts, SecondFactors,
    SendMessage, TagContacts, TakeContactFile, TakeExtract, TestCampaign, WatchWorkers,
};
use domain::port::{
    AccountDesk, ApiKeyStore, AuditLog, CampaignStore, Clock, ContactDesk, ContactStore, ExtractStore, Ids,
    InboundDesk, JobStore, LookupStore, ProviderWebhooks, RateLimiter, ReceiptStore, RecordDesk,
    SegmentStore, SenderStore, SuppressionStore,
};
use tokio::sync::watch;

use crate::caller::API_KEY;
use crate::frame::frame;
use crate::guard::guard;
use crate::health::Checks;
use crate::limits::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::options::HttpOptions;
use crate::routes::Routes;

/// What handlers call. Each is given to the handlers that need it, and to no other.
pub struct Services {
    /// Tells who somebody is.
    pub authenticate: Authenticate,
    /// Signs in.
    pub log_in: LogIn,
    /// Renews tokens.
    pub refresh: RefreshSession,
    /// Leaves.
    pub log_out: LogOut,
    /// Lists sessions.
    pub sessions: ListSessions,
    /// Ends one of them.
    pub end_session: EndSession,
    /// Changes one's own password.
    pub change_password: ChangePassword,
    /// Brings second factors in, and takes them away.
    pub second_factors: SecondFactors,
    /// Makes users.
    pub invite_user: InviteUser,
    /// Changes them.
    pub change_user: ChangeUser,
    /// Users, to be read.
    pub accounts: Arc<dyn AccountDesk>,
    /// Gives keys to programs.
    pub create_api_key: CreateApiKey,
    /// Keys, to be read and ended.
    pub api_keys: Arc<dyn ApiKeyStore>,
    /// Drafts campaigns.
    pub draft: DraftCampaign,
    /// Changes them.
    pub change: ChangeCampaign,
    /// Previews them.
    pub preview: PreviewCampaign,
    /// Follows them.
    pub follow: FollowCampaign,
    /// Explains what became of numbers in them.
    pub explain: ExplainMessage,
    /// What was billed for campaigns.
    pub records: Arc<dyn RecordDesk>,
    /// Sends their texts to a few numbers.
    pub test: TestCampaign,
    /// Sends single messages.
    pub send: SendMessage,
    /// Finds contacts.
    pub search: SearchContacts,
    /// Counts contacts.
    pub count_contacts: CountContacts,
    /// Counts segments.
    pub preview_segment: PreviewSegment,
    /// Adds contacts.
    pub add_contact: AddContact,
    /// Changes contacts.
    pub change_contact: ChangeContact,
    /// What else is done to them.
    pub desk: Arc<dyn ContactDesk>,
    /// Keeps segments.
    pub save_segment: SaveSegment,
    /// Segments, to be read and deleted.
    pub segments: Arc<dyn SegmentStore>,
    /// Hands numbers out.
    pub take_extract: TakeExtract,
    /// What was handed out.
    pub extracts: Arc<dyn ExtractStore>,
    /// Takes files of contacts in.
    pub take_contact_file: TakeContactFile,
    /// Has contacts tagged.
    pub tag_contacts: TagContacts,
    /// Jobs, to be read and ended.
    pub jobs: Arc<dyn JobStore>,
    /// Follows jobs, extracts and audiences as one list.
    pub follow_work: FollowWork,
    /// Looks a few numbers up.
    pub look_up_phones: LookUpPhones,
    /// Has the numbers of campaigns looked up.
    pub look_up_campaign: LookUpCampaign,
    /// What was looked up, to be read.
    pub lookups: Arc<dyn LookupStore>,
    /// Adds senders.
    pub add_sender: AddSender,
    /// Sets what their messages go by.
    pub route_sender: RouteSender,
    /// Campaigns, to be read.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Senders, to be read.
    pub senders: Arc<dyn SenderStore>,
    /// Contacts, to be read.
    pub contacts: Arc<dyn ContactStore>,
    /// Numbers that are never written to.
    pub suppressions: Arc<dyn SuppressionStore>,
    /// What people wrote.
    pub inbound: Arc<dyn InboundDesk>,
    /// Who did what, to be read.
    pub audit: Arc<dyn AuditLog>,
    /// Loads lists of numbers that are never written to.
    pub load_suppressions: LoadSuppressions,
    /// Looks after workers and queues.
    pub watch_workers: WatchWorkers,
    /// The numbering plan.
    pub plan: Arc<KnownPlan>,
    /// Reads what the provider posts.
    pub webhooks: Arc<dyn ProviderWebhooks>,
    /// Keeps it.
    pub receipts: Arc<dyn ReceiptStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Counts requests.
    pub limiter: Arc<dyn RateLimiter>,
    /// Makes the ids of requests.
    pub ids: Arc<dyn Ids>,
    /// The servers behind.
    pub checks: Checks,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {source}; is another program there, or may this user not?")]
pub struct ServeError {
    listen: String,
    source: io::Error,
}

/// A server that takes requests.
pub struct Server {
    address: SocketAddr,
    running: ActixServer,
    /// Tells what would go on for ever that the server is about to end.
    ending: watch::Sender<bool>,
}

impl Server {
    /// Listens on `listen` and serves from now on.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(listen: &str, services: Services, options: HttpOptions) -> Result<Self, ServeError> {
        let failed = |source| ServeError { listen: listen.to_owned(), source };
        let listener = TcpListener::bind(listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (keep_alive, header_timeout) = (options.keep_alive, options.header_timeout);
        let (workers, shutdown) = (options.workers, options.shutdown_timeout);
        let (ending, is_ending) = watch::channel(false);
        let routes = Arc::new(Routes::new(services, &options, is_ending));
        let mut server = HttpServer::new(move || {
            App::new()
                .wrap(from_fn(guard))
                .wrap(Compress::default())
                .wrap(cors(&options.cors_origins))
                .wrap(from_fn(frame))
                .configure(|config| routes.configure(config))
        })
        .keep_alive(keep_alive)
        .client_request_timeout(header_timeout)
        .shutdown_timeout(shutdown.as_secs())
        .disable_signals();
        if let Some(workers) = workers {
            server = server.workers(workers);
        }
        let server = server.listen(listener).map_err(failed)?.run();
        Ok(Self { address, running: server, ending })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then lets the requests that are under way go on for as long as they may.
    ///
    /// # Errors
    /// When serving ends by itself.
    pub async fn until(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let handle: ServerHandle = self.running.handle();
        let mut server = std::pin::pin!(self.running);
        tokio::select! {
            ended = &mut server => ended,
            () = stop => {
                self.ending.send_replace(true);
                let (ended, ()) = tokio::join!(server, handle.stop(true));
                ended
            }
        }
    }
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH])
        .allowed_header("idempotency-key")
        .allowed_header(API_KEY)
        .allowed_header("x-request-id")
        .expose_headers(["x-request-id", "retry-after", "etag"])
        .expose_headers([RATE_LIMIT, RATE_LIMIT_POLICY])
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
