//! A whole installation of a test's own: database, contacts, api, worker, sandbox, and an admin.

use std::path::Path;
use std::time::Duration;

use e2e::{Client, Ledgers, Servers, Stack, StackOptions, Tools};
use serde_json::{Value, json};
use testkit::TestDatabase;

/// The longest that a campaign of these tests may take, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) struct House {
    pub(crate) stack: Stack,
    pub(crate) admin: Client,
    pub(crate) database: tokio_postgres::Client,
    pub(crate) tools: Tools,
    /// Gone last: the processes above use it.
    _database: Option<TestDatabase>,
}

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "una frase larga de prueba";

/// The address of the one who has the role.
pub(crate) fn address(role: &str) -> String {
    format!("{role}@casa.example")
}

async fn create_user(tools: &Tools, role: &str) {
    let email = address(role);
    let arguments = ["user", "create", "--email", &email, "--role", role, "--password-stdin", "--json"];
    tools.run("migrator", &arguments, PASSWORD, |_| {}).await.unwrap();
}

/// Where this build's binaries are.
pub(crate) fn binaries() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_demo")).parent().unwrap()
}

/// What queues and keys of the installation in this database begin with.
fn prefix_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap().split('?').next().unwrap()
}

impl House {
    /// An installation with so many contacts, their numbers counted up: every outcome of the sandbox is among them.
    pub(crate) async fn with_contacts(contacts: u32) -> Self {
        let database = TestDatabase::fresh().await;
        let servers = Servers::from_environment().unwrap();
        let url = database.url().to_owned();
        Self::over(&url, &servers, contacts, Some(database)).await
    }

    /// The same, with a provider that takes this key alone.
    pub(crate) async fn with_provider_key(contacts: u32, key: &str) -> Self {
        let database = TestDatabase::fresh().await;
        let servers = Servers::from_environment().unwrap();
        let url = database.url().to_owned();
        let mut options = StackOptions::impatient(prefix_of(&url));
        options.sandbox.extend(["--api-key", key].map(str::to_owned));
        Self::build((&url, &servers), contacts, Some(database), options).await
    }

    pub(crate) async fn over(
        url: &str,
        servers: &Servers,
        contacts: u32,
        database: Option<TestDatabase>,
    ) -> Self {
        let options = StackOptions::impatient(prefix_of(url));
        Self::build((url, servers), contacts, database, options).await
    }

    async fn build(
        (url, servers): (&str, &Servers),
        contacts: u32,
        database: Option<TestDatabase>,
        options: StackOptions,
    ) -> Self {
        let tools = Tools::beside(binaries(), url);
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let rows = format!(
            "INSERT INTO contacts (phone_national, is_valid, line_type, full_name, city, state_code)
             SELECT 5510000000 + n, true, 'mobile', 'PERSONA ' || n, 'GUADALAJARA', 'JAL' FROM generate_series(1, {contacts}) AS n"
        );
        client.batch_execute(&rows).await.unwrap();
        create_user(&tools, "admin").await;
        let stack = Stack::start(&tools, servers, options).await.unwrap();
        let admin = Client::sign_in(&stack.api_url, &address("admin"), PASSWORD).await.unwrap();
        Self { stack, admin, database: client, tools, _database: database }
    }

    /// Somebody new of this role, signed in.
    pub(crate) async fn somebody(&self, role: &str) -> Client {
        create_user(&self.tools, role).await;
        Client::sign_in(&self.stack.api_url, &address(role), PASSWORD).await.unwrap()
    }

    /// Drafts a campaign to everybody, from a sender of this rate.
    pub(crate) async fn draft(&self, rate_per_s: f64) -> String {
        self.admin.add_sender("Tienda de Ejemplo", rate_per_s).await.unwrap();
        self.admin.draft("Prueba", &json!({"all": []}), 1_000_000).await.unwrap()
    }

    /// Drafts and launches it.
    pub(crate) async fn launch(&self, rate_per_s: f64) -> String {
        let campaign = self.draft(rate_per_s).await;
        self.admin.launch(&campaign).await.unwrap();
        campaign
    }

    /// Waits until at most `left` messages of the campaign are queued, and some are not.
    pub(crate) async fn until_queued(&self, campaign: &str, left: i64) {
        let is_there = |progress: &Value| {
            let queued = progress["counts"]["queued"].as_i64().unwrap_or(i64::MAX);
            progress["audience"].as_i64().is_some_and(|audience| audience > 0 && queued < audience)
                && queued <= left
        };
        self.admin.until(campaign, PATIENCE, is_there).await.unwrap();
    }

    /// Waits for the campaign's end and returns its last progress.
    pub(crate) async fn completed(&self, campaign: &str) -> Value {
        self.admin.until(campaign, PATIENCE, |progress| progress["state"] == "completed").await.unwrap()
    }

    pub(crate) async fn ledgers(&self, campaign: &str) -> Ledgers {
        e2e::compare(&self.stack.sandbox_url, &self.database, campaign).await.unwrap()
    }

    /// Waits for the campaign's end: both ledgers agree, nobody is left out, and the counts are those of the table.
    pub(crate) async fn ends_well(&self, campaign: &str, messages: i64) -> Ledgers {
        self.completed(campaign).await;
        let (progress, ledgers) = self.at_rest(campaign).await;
        assert!(ledgers.agree(), "{ledgers:?}");
        assert_eq!(ledgers.messages(), messages, "{ledgers:?}");
        assert_eq!(progress["audience"], messages);
        for state in ["queued", "sending", "sent", "uncertain"] {
            assert_eq!(ledgers.states.get(state), None, "{ledgers:?}");
        }
        // The claims of a lost worker last as long as its lease, also where receipts told the rest.
        let claims = "SELECT count(*) FROM claims";
        for _ in 0..300 {
            if self.database.query_one(claims, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                return ledgers;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("a claim is left");
    }

    /// Waits until so many messages are delivered. On a busy machine a receipt may come later than its message's deadline;
    /// it counts all the same.
    pub(crate) async fn until_delivered(&self, campaign: &str, messages: u32) {
        let is_there = |progress: &Value| progress["counts"]["delivered"] == messages;
        self.admin.until(campaign, PATIENCE, is_there).await.unwrap();
    }

    /// The counts and the table as they are when they say the same. Between looking at the one and at the other a late
    /// receipt may make an expired message a delivered one.
    async fn at_rest(&self, campaign: &str) -> (Value, Ledgers) {
        let mut looked = None;
        for _ in 0..600 {
            let progress = self.admin.progress(campaign).await.unwrap();
            let ledgers = self.ledgers(campaign).await;
            let counts = progress["counts"].as_object().unwrap();
            if counts.iter().all(|(state, n)| *n == ledgers.states.get(state).copied().unwrap_or(0)) {
                return (progress, ledgers);
            }
            looked = Some((progress, ledgers));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the counts are not those of the table: {looked:?}");
    }

    /// Messages that are claimed and not yet sent.
    pub(crate) async fn under_way(&self) -> i64 {
        let held = "SELECT count(*) FROM messages WHERE state = 'sending'";
        self.database.query_one(held, &[]).await.unwrap().get(0)
    }

    /// Waits until what was claimed is sent or given back.
    pub(crate) async fn until_none_is_under_way(&self) {
        for _ in 0..1_200 {
            if self.under_way().await == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} messages are still under way", self.under_way().await);
    }

    /// Tells the sandbox something, which answers with what it made of it.
    pub(crate) async fn tell_sandbox(&self, path: &str, what: &Value) -> Value {
        let url = format!("{}{path}", self.stack.sandbox_url);
        let answer = reqwest::Client::new().post(url).json(what).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap_or_default()
    }

    /// Has the sandbox deliver every message, whatever its number.
    pub(crate) async fn deliver_everything(&self) {
        self.tell_sandbox("/admin/outcomes", &json!({"outcome": "delivered"})).await;
    }
}
