//! `bench api`: reads of a viewer who is signed in, at a fixed arrival rate, as fast as they go, and while a storm of sign-ins blows,
//! and those of an admin, of whom each page is written down; each beside the same requests to an address that asks nobody anything.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use e2e::{Client, ScratchDatabase, Servers, Stack, StackOptions, Tools};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::load;
use crate::quantiles::Quantiles;
use crate::segments;

/// Reads that arrive a second, whatever the answers take, over so many connections, for so long; what comes in the first
/// seconds is not counted.
const RATE: u32 = 2_000;
const CONNECTIONS: u32 = 200;
const SECONDS: u32 = 20;
const WARM_UP_SECONDS: u32 = 3;

/// Connections that each ask again as soon as they are answered.
const CLOSED_CONNECTIONS: u32 = 64;

/// Sign-ins with a wrong password a second, and the reads beside them.
const LOGINS_RATE: u32 = 200;
const READS_BESIDE_RATE: u32 = 500;

/// Contacts that are asked for by id and by number.
const CONTACTS: u32 = 1_000;

const FLOOR: &str = "the same requests to /health/live, which looks at nothing";

/// Measures all of it; each line is told as soon as it is known.
pub(crate) async fn measure(rows: u64, tell: impl Fn(&Value)) -> Result<()> {
    let servers = Servers::from_environment()?;
    let database = ScratchDatabase::kept(&servers.database_url, &format!("pregon_segments_{rows}"))?;
    let tools = Tools::beside_this_one(&database.url)?;
    segments::fill(&database, &tools, rows).await?;
    let password = credentials::generate_password().context("no randomness")?.expose().to_owned();
    let viewer = add_user(&database, &tools, "viewer", &password).await?;
    let admin = add_user(&database, &tools, "admin", &password).await?;
    let options = StackOptions {
        prefix: "pregon_bench_api".to_owned(),
        // The limits are counted as ever, and let everything through.
        settings: [
            ("PREGON__LOG__LEVEL", "warn"),
            ("PREGON__LIMITS__USER_PER_SECOND", "100000"),
            ("PREGON__LIMITS__USER_BURST", "1000000"),
            ("PREGON__LIMITS__ADDRESS_PER_SECOND", "100000"),
            ("PREGON__LIMITS__ADDRESS_BURST", "1000000"),
            // The storm comes from one place, and is to reach the hashing of passwords.
            ("PREGON__AUTH__LOGIN_FAILURES_OF_PLACE_MAX", "10000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        ..StackOptions::default()
    };
    let stack = Stack::without_workers(&tools, &servers, options).await?;
    let viewer = Client::sign_in(&stack.api_url, &viewer, &password).await?;
    let admin = Client::sign_in(&stack.api_url, &admin, &password).await?;
    let unmasked = Arc::new(reads(&database, &admin).await?);
    let reads = Arc::new(reads(&database, &viewer).await?);
    let nothing = Arc::new(vec![Asked::get("/health/live".to_owned(), None)]);
    let address = stack.api_url.trim_start_matches("http://").to_owned();

    let floor = at_rate(&address, &nothing, RATE, CONNECTIONS).await?;
    let read = at_rate(&address, &reads, RATE, CONNECTIONS).await?;
    tell(&line("authenticated reads at a fixed arrival rate", rows, &read, &floor));
    let floor = as_fast_as_they_go(&address, &nothing).await?;
    let read = as_fast_as_they_go(&address, &reads).await?;
    tell(&line("authenticated reads, each connection asking again at once", rows, &read, &floor));
    let written_down = at_rate(&address, &unmasked, READS_BESIDE_RATE, CONNECTIONS).await?;
    let floor = at_rate(&address, &reads, READS_BESIDE_RATE, CONNECTIONS).await?;
    let mut unmasked =
        line("reads of an admin, whose pages of contacts are each written down", rows, &written_down, &floor);
    unmasked["floor"] = json!("the same reads of a viewer, who sees them masked");
    tell(&unmasked);
    let logins = Arc::new((0..CONTACTS).map(Asked::login).collect::<Vec<_>>());
    let (beside, stormed) = tokio::join!(
        at_rate(&address, &reads, READS_BESIDE_RATE, CONNECTIONS),
        at_rate(&address, &logins, LOGINS_RATE, CONNECTIONS),
    );
    let (beside, stormed) = (beside?, stormed?);
    let mut storm = line("authenticated reads beside a storm of sign-ins", rows, &beside, &floor);
    storm["floor"] = json!("the same reads without it");
    storm["sign_ins"] = json!(stormed.took.len());
    storm["sign_ins_answered"] = json!(stormed.statuses);
    storm["api_peak_mib"] = json!(stack.api_peak_rss_kib().map(|kib| kib / 1_024));
    tell(&storm);
    Ok(())
}

/// Makes a user of a role, and says their address.
async fn add_user(database: &ScratchDatabase, tools: &Tools, role: &str, password: &str) -> Result<String> {
    let email = format!("bench-{role}-{}@example.com", Uuid::from_u128(u128::from(std::process::id())));
    // Who ran before with the same process id left a user with another password.
    let _ = database.connect().await?.execute("DELETE FROM users WHERE email = $1", &[&email]).await;
    let user = ["user", "create", "--email", &email, "--role", role, "--password-stdin", "--json"];
    tools.run("migrator", &user, password, |_| {}).await?;
    Ok(email)
}

/// Something to ask.
struct Asked {
    method: Method,
    path: String,
    authorization: Option<String>,
    body: Option<String>,
}

impl Asked {
    fn get(path: String, authorization: Option<&str>) -> Self {
        Self { method: Method::GET, path, authorization: authorization.map(str::to_owned), body: None }
    }

    /// A sign-in of nobody.
    fn login(n: u32) -> Self {
        let body =
            json!({"email": format!("nobody-{n}@example.com"), "password": "not the password of anybody"});
        Self {
            method: Method::POST,
            path: "/api/v1/auth/login".to_owned(),
            authorization: None,
            body: Some(body.to_string()),
        }
    }

    fn request(&self, host: &str) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(&self.method).uri(&self.path).header(HOST, host);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        Ok(request.body(Full::from(self.body.clone().unwrap_or_default()))?)
    }
}

/// What people look at all day, in the shares in which they do.
async fn reads(database: &ScratchDatabase, somebody: &Client) -> Result<Vec<Asked>> {
    let client = database.connect().await?;
    let known = client
        .query(
            "SELECT id, phone_e164
             FROM contacts
             WHERE id = ANY (ARRAY(SELECT (random() * (SELECT max(id) FROM contacts))::bigint
                                   FROM generate_series(1, 2 * $1::bigint)))
             LIMIT $1",
            &[&i64::from(CONTACTS)],
        )
        .await?;
    ensure!(!known.is_empty(), "there are no contacts");
    let authorization = somebody.authorization();
    let get = |path: String| Asked::get(format!("/api/v1{path}"), Some(&authorization));
    let mut reads = Vec::new();
    for contact in &known {
        let (id, phone): (i64, String) = (contact.get(0), contact.get(1));
        reads.extend((0..4).map(|_| get(format!("/contacts/{id}"))));
        reads.push(get(format!("/contacts/search?q={}", phone.trim_start_matches('+'))));
        reads.extend((0..2).map(|_| get("/contacts?state=JAL&limit=20".to_owned())));
        reads.push(get("/contacts/stats?by=state".to_owned()));
        reads.push(get("/campaigns?limit=20".to_owned()));
        reads.push(get("/auth/me".to_owned()));
    }
    Ok(reads)
}

/// What came of many requests.
#[derive(Default)]
struct Came {
    /// From when each was due to its last byte, in milliseconds.
    took: Vec<f64>,
    seconds: f64,
    /// How often each status was answered.
    statuses: std::collections::BTreeMap<u16, u32>,
    load_before: Option<String>,
}

impl Came {
    fn keep(&mut self, status: StatusCode, took: Duration) {
        self.took.push(took.as_secs_f64() * 1_000.0);
        *self.statuses.entry(status.as_u16()).or_default() += 1;
    }

    fn join(&mut self, other: Self) {
        self.took.extend(other.took);
        for (status, n) in other.statuses {
            *self.statuses.entry(status).or_default() += n;
        }
    }
}

/// A connection that is kept.
struct Line {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Line {
    async fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { host: host.to_owned(), sender })
    }

    async fn ask(&mut self, asked: &Asked) -> Result<StatusCode> {
        // A server closes what it has refused a body on, or had open for long.
        if self.sender.ready().await.is_err() {
            *self = Self::open(&self.host).await?;
        }
        let answer = self.sender.send_request(asked.request(&self.host)?).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        Ok(status)
    }
}

/// Asks so many times a second, whatever the answers take: what is late because one before it was counts as late.
async fn at_rate(host: &str, asked: &Arc<Vec<Asked>>, rate: u32, connections: u32) -> Result<Came> {
    let load_before = load::averages();
    let mut lines = JoinSet::new();
    let began = Instant::now() + Duration::from_millis(200);
    for connection in 0..connections {
        let (asked, host) = (Arc::clone(asked), host.to_owned());
        lines.spawn(async move {
            let mut line = Line::open(&host).await?;
            let mut came = Came::default();
            for n in (connection..rate * (SECONDS + WARM_UP_SECONDS)).step_by(connections as usize) {
                let due = began + Duration::from_secs(1) * n / rate;
                sleep_until(due).await;
                let status = line.ask(&asked[n as usize % asked.len()]).await?;
                if n >= rate * WARM_UP_SECONDS {
                    came.keep(status, due.elapsed());
                }
            }
            anyhow::Ok(came)
        });
    }
    let mut all = gather(lines).await?;
    (all.seconds, all.load_before) = (f64::from(SECONDS), load_before);
    Ok(all)
}

/// Asks again as soon as an answer is there, on each connection.
async fn as_fast_as_they_go(host: &str, asked: &Arc<Vec<Asked>>) -> Result<Came> {
    let load_before = load::averages();
    let mut lines = JoinSet::new();
    let began = Instant::now();
    let until = began + Duration::from_secs(SECONDS.into());
    for connection in 0..CLOSED_CONNECTIONS {
        let (asked, host) = (Arc::clone(asked), host.to_owned());
        lines.spawn(async move {
            let mut line = Line::open(&host).await?;
            let mut came = Came::default();
            for one in asked.iter().cycle().skip(connection as usize * 157) {
                let due = Instant::now();
                if due >= until {
                    break;
                }
                let status = line.ask(one).await?;
                came.keep(status, due.elapsed());
            }
            anyhow::Ok(came)
        });
    }
    let mut all = gather(lines).await?;
    (all.seconds, all.load_before) = (began.elapsed().as_secs_f64(), load_before);
    Ok(all)
}

async fn gather(mut lines: JoinSet<Result<Came>>) -> Result<Came> {
    let mut all = Came::default();
    while let Some(ended) = lines.join_next().await {
        match ended {
            Ok(came) => all.join(came?),
            Err(error) => bail!("a connection ended: {error}"),
        }
    }
    Ok(all)
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn line(what: &str, rows: u64, came: &Came, floor: &Came) -> Value {
    let (took, floor_took) = (Quantiles::of(came.took.clone()), Quantiles::of(floor.took.clone()));
    let per_second = |came: &Came| came.took.len() as f64 / came.seconds;
    json!({
        "bench": "api", "what": what, "contacts": rows, "requests": took.len(), "answered": came.statuses,
        "per_second": per_second(came),
        "p50_ms": took.at(500), "p95_ms": took.at(950), "p99_ms": took.at(990), "max_ms": took.at(1_000),
        "floor": FLOOR, "floor_per_second": per_second(floor),
        "floor_p50_ms": floor_took.at(500), "floor_p95_ms": floor_took.at(950), "floor_p99_ms": floor_took.at(990),
        "ratio": took.at(950).zip(floor_took.at(950)).map(|(p95, floor)| p95 / floor),
        "load_average_before": came.load_before, "load_average_after": load::averages(),
    })
}
