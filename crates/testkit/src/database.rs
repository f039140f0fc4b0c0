//! A database of its own for each test, copied from a template that is migrated once.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use domain::port::Ids;
use store_postgres::{Database, DatabaseOptions, Schema};
use system::SystemIds;
use tokio_postgres::{Client, NoTls};

/// Only who holds it makes the template. It is asked for on the server's own database, where nobody builds an index
/// concurrently, so waiting in line for it blocks no one.
const TEMPLATE_LOCK: i64 = 0x7072_6567_6f6e;

/// A database that nobody else uses, gone when this is dropped.
pub struct TestDatabase {
    server: String,
    name: String,
    url: String,
}

impl TestDatabase {
    /// A database with the whole schema and no rows.
    pub async fn fresh() -> Self {
        let server = server_url();
        let template = template(&server).await;
        Self::create(server, &template).await
    }

    /// A database without a schema.
    pub async fn empty() -> Self {
        Self::create(server_url(), "template0").await
    }

    async fn create(server: String, template: &str) -> Self {
        let name = format!("pregon_test_{}", SystemIds.next().simple());
        let client = connect(&server).await;
        client
            .batch_execute(&format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {template}"))
            .await
            .expect("the server of DATABASE_URL lets its user make databases");
        let url = with_database(&server, &name);
        Self { server, name, url }
    }

    /// Its URL, password included.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A pool on it, as a program would have one.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::new(&self.options()).unwrap()
    }

    /// What [`TestDatabase::database`] is made with.
    #[must_use]
    pub fn options(&self) -> DatabaseOptions {
        options(&self.url)
    }

    /// A connection to it past every adapter.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

/// Takes the database away, whoever is still connected to it. What a test left behind must not outlive it, and must not
/// hide why it failed, so an error here is let go.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let server = std::mem::take(&mut self.server);
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A runtime cannot be entered from within the test's own.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move { connect(&server).await.batch_execute(&statement).await })
        });
        let _ = dropped.join();
    }
}

/// The name of the database that has the schema as this build knows it, made when it is not there.
async fn template(server: &str) -> String {
    let client = connect(server).await;
    // A template holds the partitions of its month and the next ones.
    let month: String =
        client.query_one("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')", &[]).await.unwrap().get(0);
    let name = format!("pregon_template_{month}_{:016x}", Schema::fingerprint());
    if exists(&client, &name).await {
        return name;
    }
    client.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.unwrap();
    // Whoever held the lock before has made it.
    if !exists(&client, &name).await {
        make_template(&client, server, &name).await;
    }
    name
}

/// Under another name until it is whole: one that was left half made is made anew.
async fn make_template(client: &Client, server: &str, name: &str) {
    let unfinished = format!("{name}_unfinished");
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await.unwrap();
    let schema = Schema::new(Database::new(&options(&with_database(server, &unfinished))).unwrap());
    schema.create_database().await.unwrap();
    schema.up(|| {}).await.unwrap();
    drop(schema);
    client.batch_execute(&format!("ALTER DATABASE {unfinished} WITH ALLOW_CONNECTIONS false")).await.unwrap();
    client.batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await.unwrap();
}

async fn exists(client: &Client, name: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    client.query_one(sql, &[&name]).await.unwrap().get(0)
}

async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("the server of DATABASE_URL takes connections");
    tokio::spawn(async move {
        // It ends with an error when its database is dropped, which is how every test ends.
        let _ = connection.await;
    });
    client
}

fn options(url: &str) -> DatabaseOptions {
    DatabaseOptions {
        url: url.to_owned(),
        application_name: "pregon-test".to_owned(),
        pool_size_max: 8,
        connect_timeout: Duration::from_secs(30),
        wait_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings; the command that starts the servers sets this"
)]
fn server_url() -> String {
    match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => url,
        Ok(_) | Err(_) => panic!(
            "DATABASE_URL is not set, and this test needs a PostgreSQL of its own: run `cargo xtask test`, or \
             `cargo xtask services up` and then `eval \"$(cargo xtask services env)\"`"
        ),
    }
}

/// `url` with another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = address.split_once("://").expect("DATABASE_URL is of the form postgres://…");
    let server = rest.split('/').next().unwrap_or(rest);
    let mut changed = format!("{scheme}://{server}/{name}");
    if !parameters.is_empty() {
        write!(changed, "?{parameters}").unwrap();
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_changed_and_nothing_else() {
        let changed = |url| with_database(url, "other");
        assert_eq!(changed("postgres://u:p@127.0.0.1:5432/postgres"), "postgres://u:p@127.0.0.1:5432/other");
        assert_eq!(changed("postgres://u:p@h"), "postgres://u:p@h/other");
        assert_eq!(changed("postgres://u:p@h/a?sslmode=disable"), "postgres://u:p@h/other?sslmode=disable");
    }

    #[tokio::test]
    async fn a_database_has_the_schema_and_is_gone_when_it_is_dropped() {
        let test = TestDatabase::fresh().await;
        let name = test.name.clone();
        Schema::new(test.database()).require_current().await.unwrap();
        let still_connected = test.client().await;
        drop(test);
        let server = connect(&server_url()).await;
        assert!(!exists(&server, &name).await);
        drop(still_connected);
    }

    #[tokio::test]
    async fn two_tests_do_not_see_each_other_and_an_empty_one_has_no_tables() {
        let (one, other, empty) =
            tokio::join!(TestDatabase::fresh(), TestDatabase::fresh(), TestDatabase::empty());
        one.client()
            .await
            .execute("INSERT INTO contacts (phone_national, is_valid) VALUES (5512345670, true)", &[])
            .await
            .unwrap();
        let rows = other.client().await.query("SELECT FROM contacts", &[]).await.unwrap();
        assert!(rows.is_empty());
        let tables = "SELECT FROM pg_class WHERE relname = 'contacts'";
        assert!(empty.client().await.query(tables, &[]).await.unwrap().is_empty());
    }
}
