//! A provider on this machine that speaks the wire format of Telnyx Messaging v2, with outcomes by script: the real
//! gateway talks to it unchanged, and its ledger says what it took.
//!
//! | request | answer |
//! |---|---|
//! | `POST /v2/messages` | as Telnyx, by the outcome of the message; see [`Outcome`] |
//! | `GET /v2/messages/{id}` | the message as it stands, without its text |
//! | `GET /v2/number_lookup/{number}` | line type, carrier and portability, made up of its digits |
//! | `GET /v2/detail_records?filter[record_type]=messaging` | what was billed, by number and time |
//! | `GET /` | a page of what was accepted last |
//! | `GET /admin/ledger?first=0` | `{"data":[{"to","ref","id","accepted_at","outcome"}]}`, everything accepted, in order |
//! | `GET /admin/summary` | how many were accepted and refused by outcome, and how the webhooks fare |
//! | `GET /admin/public-key` | `{"public_key"}`, base64 |
//! | `POST /admin/outcomes` | `{"outcome","to"?,"ref"?}`: for one attempt, one number, or by default; `null` takes it back |
//! | `POST /admin/webhooks` | `{"url","body","timestamp"?,"signature":"valid"\|"wrong"\|"missing"}`: posts it once, tells the status |
//!
//! Everything is in memory and bounded by [`SandboxOptions::ledger_max`]; a message takes about half a kilobyte. Nothing
//! of the product enters here, so that a mistake in it cannot be made twice. Unix only: cutting a connection needs its
//! socket.

mod account;
mod admin;
mod clock;
mod courier;
mod event;
mod lookup;
mod messages;
mod new_message;
mod outcome;
mod page;
mod payload;
mod records;
mod refusal;
mod signer;
mod wire;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::task::JoinHandle;

pub use account::{Accepted, OutcomeOf, TooManyScripts};
pub use outcome::{Outcome, UnknownOutcome};

use account::Account;
use courier::Courier;
use signer::Signer;

/// The largest request that is read.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// How the sandbox behaves.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that requests must bear; none takes every request.
    pub api_key: Option<String>,
    /// Makes the signing key the same on every run; none makes a new one.
    pub seed: Option<u64>,
    /// How long every answer to a message takes.
    pub latency: Duration,
    /// How much longer the outcome `slow` takes.
    pub slow: Duration,
    /// How long a connection stays open whose answer never comes.
    pub silence: Duration,
    /// How long after the answer the first webhook goes, and each next one after the one before it.
    pub webhook_delay: Duration,
    /// How long after a failed try a webhook is tried again; twice as long after each more, up to 16 times.
    pub webhook_retry: Duration,
    /// How often a webhook is tried at most.
    pub webhook_tries_max: u32,
    /// How many webhooks are under way at once.
    pub webhooks_at_once: usize,
    /// The most messages a second, over the whole account; 0 for as many as come.
    pub rate: u32,
    /// The most messages that are taken; then it answers 503.
    pub ledger_max: usize,
    /// Threads that answer.
    pub workers: usize,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_key: None,
            seed: None,
            latency: Duration::ZERO,
            slow: Duration::from_secs(2),
            silence: Duration::from_mins(1),
            webhook_delay: Duration::from_millis(20),
            webhook_retry: Duration::from_millis(500),
            webhook_tries_max: 10,
            webhooks_at_once: 64,
            rate: 0,
            ledger_max: 2_000_000,
            workers: 1,
        }
    }
}

/// Does not show the key.
impl fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxOptions").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// A running sandbox. Dropping it stops it at once.
pub struct Sandbox {
    address: SocketAddr,
    account: Arc<Account>,
    server: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    courier: JoinHandle<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts it within the runtime of the caller; it takes requests as soon as this returns.
    ///
    /// # Errors
    /// When it cannot listen there, or the client that posts the webhooks cannot be made.
    // A future although nothing is waited for: what it starts needs a runtime around it.
    #[expect(
        clippy::unused_async,
        reason = "must be called within a runtime, and an async fn cannot be called elsewhere"
    )]
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen)?;
        let address = listener.local_addr()?;
        let signer = Signer::new(options.seed);
        let (courier, rounds) = Courier::new(&options, signer).map_err(io::Error::other)?;
        let workers = options.workers.max(1);
        let account = Arc::new(Account::new(options, courier));
        let shared = web::Data::from(Arc::clone(&account));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(REQUEST_BYTES_MAX))
                .app_data(web::JsonConfig::default().limit(REQUEST_BYTES_MAX))
                .configure(messages::routes)
                .configure(admin::routes)
        })
        .workers(workers)
        .disable_signals()
        .on_connect(wire::keep)
        .listen(listener)?
        .run();
        let handle = server.handle();
        Ok(Self {
            address,
            account,
            server: handle,
            serving: tokio::spawn(server),
            courier: tokio::spawn(rounds),
        })
    }

    /// Where it is, as in `http://127.0.0.1:4010`: the base of the API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key by which its webhooks are verified (Ed25519), in base64.
    #[must_use]
    pub fn public_key(&self) -> &str {
        self.account.courier.public_key()
    }

    /// Everything it accepted, in order.
    #[must_use]
    pub fn ledger(&self) -> Vec<Accepted> {
        self.account.ledger(0, usize::MAX)
    }

    /// Sets an outcome, or takes it back.
    ///
    /// # Errors
    /// When there are too many already.
    pub fn script(&self, of: OutcomeOf, outcome: Option<Outcome>) -> Result<(), TooManyScripts> {
        self.account.script(of, outcome)
    }

    /// Waits until it ends by itself, which is a failure.
    ///
    /// # Errors
    /// That of the server.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.serving).await.map_err(io::Error::other)?
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The command is given by the call; the future only waits until it is carried out.
        drop(self.server.stop(false));
        self.courier.abort();
    }
}
