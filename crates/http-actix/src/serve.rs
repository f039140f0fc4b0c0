//! The server: what it serves, within which bounds, and how it ends.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::dev::{Server as ActixServer, ServerHandle};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use application::{
    AddContact, AddSender, Authenticate, ChangeCampaign, ChangeContact, ChangePassword, ChangeUser,
    CountContacts, CreateApiKey, DraftCampaign, EndSession, ExplainMessage, FollowCampaign, InviteUser,
    KnownPlan, ListSessions, LoadSuppressions, LogIn, LogOut, LookUpCampaign, LookUpPhones, PreviewCampaign,
    PreviewSegment, RefreshSession, RouteSender, SaveSegment, SearchContacts, SendMessage, TagContacts,
    TakeContactFile, TakeExtract, TestCampaign, WatchWorkers,
};
use domain::port::{
    AccountDesk, ApiKeyStore, AuditLog, CampaignStore, Clock, ContactDesk, ContactStore, ExtractStore, Ids,
    InboundDesk, JobStore, LookupStore, ProviderWebhooks, RateLimiter, ReceiptStore, RecordDesk,
    SegmentStore, SenderStore, SuppressionStore,
};
use tokio::sync::watch;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::api_doc::{self, ApiDoc};
use crate::caller::API_KEY;
use crate::campaigns::Streams;
use crate::frame::frame;
use crate::guard::guard;
use crate::health::{self, Checks};
use crate::input::{refuse_path, refuse_query};
use crate::limits::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::metrics::{self, Metrics};
use crate::options::{Edge, HttpOptions};
use crate::{
    address, api_keys, audit, auth, campaigns, contact_changes, contact_imports, contacts, extracts, inbound,
    jobs, lookups, messages, phones, saved_segments, search, segments, senders, stats, suppressions, users,
    webhooks, workers,
};

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
        let routes = Routes::new(services, &options, is_ending);
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

/// Everything that is served, as each thread is given it.
#[derive(Clone)]
struct Routes {
    body_bytes_max: usize,
    edge: Data<Edge>,
    authenticate: Data<Authenticate>,
    log_in: Data<LogIn>,
    refresh: Data<RefreshSession>,
    log_out: Data<LogOut>,
    sessions: Data<ListSessions>,
    end_session: Data<EndSession>,
    change_password: Data<ChangePassword>,
    invite_user: Data<InviteUser>,
    change_user: Data<ChangeUser>,
    accounts: Data<Arc<dyn AccountDesk>>,
    create_api_key: Data<CreateApiKey>,
    api_keys: Data<Arc<dyn ApiKeyStore>>,
    draft: Data<DraftCampaign>,
    change: Data<ChangeCampaign>,
    preview: Data<PreviewCampaign>,
    follow: Data<FollowCampaign>,
    explain: Data<ExplainMessage>,
    records: Data<Arc<dyn RecordDesk>>,
    test: Data<TestCampaign>,
    send: Data<SendMessage>,
    streams: Data<Streams>,
    preview_segment: Data<PreviewSegment>,
    search: Data<SearchContacts>,
    count_contacts: Data<CountContacts>,
    add_contact: Data<AddContact>,
    change_contact: Data<ChangeContact>,
    desk: Data<Arc<dyn ContactDesk>>,
    save_segment: Data<SaveSegment>,
    segments: Data<Arc<dyn SegmentStore>>,
    take_extract: Data<TakeExtract>,
    extracts: Data<Arc<dyn ExtractStore>>,
    take_contact_file: Data<TakeContactFile>,
    tag_contacts: Data<TagContacts>,
    jobs: Data<Arc<dyn JobStore>>,
    look_up_phones: Data<LookUpPhones>,
    look_up_campaign: Data<LookUpCampaign>,
    lookups: Data<Arc<dyn LookupStore>>,
    add_sender: Data<AddSender>,
    route_sender: Data<RouteSender>,
    campaigns: Data<Arc<dyn CampaignStore>>,
    senders: Data<Arc<dyn SenderStore>>,
    contacts: Data<Arc<dyn ContactStore>>,
    suppressions: Data<Arc<dyn SuppressionStore>>,
    inbound: Data<Arc<dyn InboundDesk>>,
    audit: Data<Arc<dyn AuditLog>>,
    load_suppressions: Data<LoadSuppressions>,
    watch_workers: Data<WatchWorkers>,
    plan: Data<KnownPlan>,
    webhooks: Data<Arc<dyn ProviderWebhooks>>,
    receipts: Data<Arc<dyn ReceiptStore>>,
    clock: Data<Arc<dyn Clock>>,
    checks: Data<Checks>,
    metrics: Data<Metrics>,
}

impl Routes {
    fn new(services: Services, options: &HttpOptions, ending: watch::Receiver<bool>) -> Self {
        let clock = Arc::clone(&services.clock);
        let edge = Edge::new(options, clock, services.ids, services.limiter);
        Self {
            body_bytes_max: options.body_bytes_max,
            edge: Data::new(edge),
            authenticate: Data::new(services.authenticate),
            log_in: Data::new(services.log_in),
            refresh: Data::new(services.refresh),
            log_out: Data::new(services.log_out),
            sessions: Data::new(services.sessions),
            end_session: Data::new(services.end_session),
            change_password: Data::new(services.change_password),
            invite_user: Data::new(services.invite_user),
            change_user: Data::new(services.change_user),
            accounts: Data::new(services.accounts),
            create_api_key: Data::new(services.create_api_key),
            api_keys: Data::new(services.api_keys),
            draft: Data::new(services.draft),
            change: Data::new(services.change),
            preview: Data::new(services.preview),
            follow: Data::new(services.follow),
            explain: Data::new(services.explain),
            records: Data::new(services.records),
            test: Data::new(services.test),
            send: Data::new(services.send),
            streams: Data::new(Streams::new(options.streams_max, ending)),
            preview_segment: Data::new(services.preview_segment),
            search: Data::new(services.search),
            count_contacts: Data::new(services.count_contacts),
            add_contact: Data::new(services.add_contact),
            change_contact: Data::new(services.change_contact),
            desk: Data::new(services.desk),
            save_segment: Data::new(services.save_segment),
            segments: Data::new(services.segments),
            take_extract: Data::new(services.take_extract),
            extracts: Data::new(services.extracts),
            take_contact_file: Data::new(services.take_contact_file),
            tag_contacts: Data::new(services.tag_contacts),
            jobs: Data::new(services.jobs),
            look_up_phones: Data::new(services.look_up_phones),
            look_up_campaign: Data::new(services.look_up_campaign),
            lookups: Data::new(services.lookups),
            add_sender: Data::new(services.add_sender),
            route_sender: Data::new(services.route_sender),
            campaigns: Data::new(services.campaigns),
            senders: Data::new(services.senders),
            contacts: Data::new(services.contacts),
            suppressions: Data::new(services.suppressions),
            inbound: Data::new(services.inbound),
            audit: Data::new(services.audit),
            load_suppressions: Data::new(services.load_suppressions),
            watch_workers: Data::new(services.watch_workers),
            plan: Data::from(services.plan),
            webhooks: Data::new(services.webhooks),
            receipts: Data::new(services.receipts),
            clock: Data::new(services.clock),
            checks: Data::new(services.checks),
            metrics: Data::new(Metrics::of_this_process()),
        }
    }

    fn configure(&self, config: &mut ServiceConfig) {
        let it = self.clone();
        config
            .app_data(it.edge)
            .app_data(it.authenticate)
            .app_data(it.log_in)
            .app_data(it.refresh)
            .app_data(it.log_out)
            .app_data(it.sessions)
            .app_data(it.end_session)
            .app_data(it.change_password)
            .app_data(it.invite_user)
            .app_data(it.change_user)
            .app_data(it.accounts)
            .app_data(it.create_api_key)
            .app_data(it.api_keys)
            .app_data(it.draft)
            .app_data(it.change)
            .app_data(it.preview)
            .app_data(it.follow)
            .app_data(it.explain)
            .app_data(it.records)
            .app_data(it.test)
            .app_data(it.send)
            .app_data(it.streams)
            .app_data(it.preview_segment)
            .app_data(it.search)
            .app_data(it.count_contacts)
            .app_data(it.add_contact)
            .app_data(it.change_contact)
            .app_data(it.desk)
            .app_data(it.save_segment)
            .app_data(it.segments)
            .app_data(it.take_extract)
            .app_data(it.extracts)
            .app_data(it.take_contact_file)
            .app_data(it.tag_contacts)
            .app_data(it.jobs)
            .app_data(it.look_up_phones)
            .app_data(it.look_up_campaign)
            .app_data(it.lookups)
            .app_data(it.add_sender)
            .app_data(it.route_sender)
            .app_data(it.campaigns)
            .app_data(it.senders)
            .app_data(it.contacts)
            .app_data(it.suppressions)
            .app_data(it.inbound)
            .app_data(it.audit)
            .app_data(it.load_suppressions)
            .app_data(it.watch_workers)
            .app_data(it.plan)
            .app_data(it.webhooks)
            .app_data(it.receipts)
            .app_data(it.clock)
            .app_data(it.checks)
            .app_data(it.metrics)
            .app_data(web::PayloadConfig::new(it.body_bytes_max))
            .app_data(web::QueryConfig::default().error_handler(refuse_query))
            .app_data(web::PathConfig::default().error_handler(refuse_path));
        config.service(web::scope("/api/v1").configure(versioned));
        config.service(
            web::scope("/webhooks").app_data(web::PayloadConfig::new(webhooks::POST_BYTES_MAX)).configure(
                |config| {
                    config.route("/telnyx", web::post().to(webhooks::telnyx));
                },
            ),
        );
        config
            .service(auth::login)
            .service(health::live)
            .service(health::ready)
            .service(health::health)
            .service(metrics::metrics)
            .service(api_doc::description)
            .service(api_doc::docs)
            .service(SwaggerUi::new("/docs/{_:.*}").url("/docs/openapi.json", ApiDoc::openapi()))
            .default_service(web::to(nowhere));
    }
}

/// What the guard lets nobody come to, as no rule names it.
async fn nowhere(request: HttpRequest) -> HttpResponse {
    HttpResponse::from_error(address::nothing_at(request.path()))
}

/// What stands under `/api/v1`.
fn versioned(config: &mut ServiceConfig) {
    config
        .service(auth::login)
        .service(auth::refresh)
        .service(auth::logout)
        .service(auth::me)
        .service(auth::sessions)
        .service(auth::end_session)
        .service(auth::change_password)
        .service(users::list)
        .service(users::create)
        .service(users::get_one)
        .service(users::change)
        .service(users::disable)
        .service(users::enable)
        .service(users::reset_password)
        .service(api_keys::list)
        .service(api_keys::create)
        .service(api_keys::get_one)
        .service(api_keys::revoke)
        .service(campaigns::create)
        .service(campaigns::list)
        .service(campaigns::get_one)
        .service(campaigns::revise)
        .service(campaigns::remove)
        .service(campaigns::schedule)
        .service(campaigns::preview)
        .service(campaigns::launch)
        .service(campaigns::pause)
        .service(campaigns::resume)
        .service(campaigns::cancel)
        .service(campaigns::progress)
        .service(campaigns::progress_stream)
        .service(campaigns::explain)
        .service(campaigns::show_bill)
        .service(campaigns::test_send)
        .service(campaigns::messages)
        .service(lookups::look_up_campaign)
        .service(messages::send)
        .service(messages::preview)
        .service(messages::get_one)
        .service(contact_imports::create)
        .service(jobs::tag_segment)
        .service(jobs::list)
        .service(jobs::get_one)
        .service(jobs::cancel)
        .service(jobs::rejects)
        .service(contacts::create)
        .service(contacts::list)
        .service(search::search)
        .service(stats::stats)
        .service(contacts::get_one)
        .service(contact_changes::change)
        .service(contact_changes::remove)
        .service(contact_changes::opt_out)
        .service(contact_changes::opt_in)
        .service(contact_changes::list_tags)
        .service(contact_changes::add_tags)
        .service(contact_changes::set_tags)
        .service(contact_changes::remove_tag)
        .service(contact_changes::messages)
        .service(extracts::create)
        .service(extracts::list)
        .service(extracts::get_one)
        .service(extracts::download)
        .service(extracts::seeds)
        .service(extracts::put_seed)
        .service(extracts::remove_seed)
        .service(segments::preview)
        .service(saved_segments::create)
        .service(saved_segments::list)
        .service(saved_segments::get_one)
        .service(saved_segments::versions)
        .service(saved_segments::change)
        .service(saved_segments::remove)
        .service(suppressions::list)
        .service(suppressions::create)
        .service(suppressions::import)
        .service(suppressions::remove)
        .service(inbound::list)
        .service(inbound::review)
        .service(audit::list)
        .service(workers::show)
        .service(workers::requeue)
        .service(workers::purge)
        .service(senders::create)
        .service(senders::list)
        .service(senders::list_routes)
        .service(senders::set_routes)
        .service(phones::normalize)
        .service(lookups::look_up);
}
