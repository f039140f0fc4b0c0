//! The numbers of a segment, looked up at the sandbox.

use std::process::{Command, Output};

use serde_json::Value;
use telnyx_sandbox::{Sandbox, SandboxOptions};
use testkit::TestDatabase;

use crate::running::{ask, assert_fails, contact_file, migrator, run_json, stderr, text};

const KEY: &str = "KEY-of-the-sandbox";

struct Desk {
    database: TestDatabase,
    sandbox: Sandbox,
    _folder: tempfile::TempDir,
    segment: std::path::PathBuf,
}

impl Desk {
    /// Twenty contacts of unknown line type, of whom one may not be written to, and one whose line is known.
    async fn new() -> Self {
        let database = TestDatabase::fresh().await;
        let contacts = "INSERT INTO contacts (phone_national, is_valid, line_type, opt_out_at)
                        SELECT 5512345600 + n, true, 'unknown', CASE n WHEN 1 THEN now() END FROM generate_series(1, 20) AS n;
                        INSERT INTO contacts (phone_national, is_valid, line_type) VALUES (5512345699, true, 'mobile')";
        database.client().await.batch_execute(contacts).await.unwrap();
        let options = SandboxOptions { api_key: Some(KEY.to_owned()), ..SandboxOptions::default() };
        let folder = tempfile::tempdir().unwrap();
        let segment = folder.path().join("todos.json");
        std::fs::write(&segment, r#"{"all":[]}"#).unwrap();
        Self { database, sandbox: Sandbox::start(options).await.unwrap(), _folder: folder, segment }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let lookup = ["lookup", "--segment", text(&self.segment)];
        let mut command = migrator(self.database.url(), &[&lookup[..], arguments].concat());
        command
            .env("PREGON__TELNYX__API_BASE_URL", self.sandbox.url())
            .env("PREGON__TELNYX__API_KEY", KEY)
            .env("PREGON__LOOKUP__PER_SECOND", "1000")
            .env("PREGON__LOOKUP__STEP_NUMBERS", "5");
        command
    }

    /// Runs it to its end, off this thread: the sandbox answers by it.
    async fn run(&self, arguments: &[&str]) -> Output {
        run(self.command(arguments)).await
    }

    async fn looked_up(&self) -> i64 {
        ask(&self.database, "SELECT count(*) FROM number_lookups").await
    }
}

async fn run(mut command: Command) -> Output {
    let (send, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || send.send(command.output().unwrap()));
    ended.await.unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(line: &Value) -> [u64; 3] {
    ["asked", "cached", "failed"].map(|name| line[name].as_u64().unwrap())
}

#[tokio::test]
async fn it_says_what_it_would_cost_asks_no_further_than_it_may_and_never_twice() {
    let desk = Desk::new().await;
    let dry = desk.run(&["--max-cost", "250", "--dry-run", "--json"]).await;
    assert!(dry.status.success(), "{}", stderr(&dry));
    let told = lines(&dry);
    assert_eq!((told.len(), told[0]["event"].as_str()), (1, Some("estimate")));
    assert_eq!((told[0]["to_ask"].as_u64(), told[0]["cached"].as_u64()), (Some(19), Some(0)));
    assert_eq!(told[0]["cost"]["amount_micros"], "1140000");
    assert_eq!(desk.looked_up().await, 0);

    // Ten calls are paid for, and the rest is told.
    let part = desk.run(&["--max-cost", "0.60", "--json"]).await;
    assert_fails(&part, 1, &["more than was allowed"]);
    let finished = lines(&part).pop().unwrap();
    assert_eq!((counts(&finished), finished["ended"].as_str()), ([10, 0, 0], Some("over_max_cost")));
    assert_eq!(desk.looked_up().await, 10);

    let rest = desk.run(&["--max-cost", "250", "--json"]).await;
    assert!(rest.status.success(), "{}", stderr(&rest));
    let finished = lines(&rest).pop().unwrap();
    assert_eq!(counts(&finished), [9, 10, 0]);
    assert_eq!(finished["cost"]["amount_micros"], "540000");
    let unknown = "SELECT count(*) FROM contacts WHERE line_type = 'unknown'";
    assert_eq!(ask(&desk.database, unknown).await, 1, "who said no is not asked about");
    assert_eq!(ask(&desk.database, "SELECT sum(calls)::bigint FROM lookup_budgets").await, 19);

    let again = desk.run(&["--max-cost", "250"]).await;
    assert!(again.status.success() && again.stdout.is_empty(), "{}", stderr(&again));
    assert!(stderr(&again).contains("0.00 MXN"), "{}", stderr(&again));
    let known = desk.run(&["--max-cost", "250", "--json", "--even-if-known"]).await;
    assert_eq!(counts(&lines(&known).pop().unwrap()), [1, 19, 0]);
}

#[tokio::test]
async fn the_calls_of_a_day_end_it_and_another_program_gets_no_more() {
    let desk = Desk::new().await;
    for asked in [7, 0] {
        let mut command = desk.command(&["--max-cost", "250", "--json"]);
        command.env("PREGON__LOOKUP__CALLS_PER_DAY_MAX", "7");
        let output = run(command).await;
        assert_fails(&output, 1, &["lookup.calls_per_day_max"]);
        let finished = lines(&output).pop().unwrap();
        assert_eq!(
            (finished["asked"].as_u64(), finished["ended"].as_str()),
            (Some(asked), Some("day_is_spent"))
        );
    }
    assert_eq!(desk.looked_up().await, 7);
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_one_ends_cleanly_and_goes_on_where_it_was() {
    let desk = Desk::new().await;
    let mut command = desk.command(&["--max-cost", "250", "--json"]);
    // Slow enough to be caught in the middle.
    command.env("PREGON__LOOKUP__PER_SECOND", "2").env("PREGON__LOOKUP__PACE_AHEAD_MS", "10");
    let mut child = command.spawn().unwrap();
    crate::running::wait_for_more(&desk.database, "SELECT count(*) FROM number_lookups", 1, &mut child).await;
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let (send, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || send.send(child.wait_with_output().unwrap()));
    let stopped = ended.await.unwrap();
    assert_fails(&stopped, 130, &["stopped"]);
    let done = lines(&stopped).pop().unwrap()["asked"].as_u64().unwrap();
    assert!((2..19).contains(&done), "{done}");

    let rest = desk.run(&["--max-cost", "250", "--json"]).await;
    assert_eq!(counts(&lines(&rest).pop().unwrap()), [19 - done, done, 0]);
}

#[tokio::test]
async fn what_cannot_be_used_asks_nobody() {
    let desk = Desk::new().await;
    assert_fails(&desk.run(&["--max-cost", "mucho"]).await, 2, &["12.50"]);
    let mut keyless = desk.command(&["--max-cost", "1"]);
    keyless.env_remove("PREGON__TELNYX__API_KEY");
    assert_fails(&run(keyless).await, 2, &["PREGON__TELNYX__API_KEY"]);
    let mut refused = desk.command(&["--max-cost", "1"]);
    refused.env("PREGON__TELNYX__API_KEY", "KEY-of-another");
    assert_fails(&run(refused).await, 4, &["key_refused"]);
    for (definition, says) in
        [("hola", "holds no segment"), (r#"{"field":"edad","op":"eq","value":1}"#, "edad")]
    {
        std::fs::write(&desk.segment, definition).unwrap();
        assert_fails(&desk.run(&["--max-cost", "1"]).await, 3, &[says]);
    }
    assert_eq!(desk.looked_up().await, 0);
}

#[tokio::test]
async fn contacts_of_a_file_get_what_is_looked_up_of_their_numbers_already() {
    let database = TestDatabase::fresh().await;
    let (_folder, file) = contact_file(500);
    let import = ["import", text(&file), "--json", "--min-valid-percent", "90"];
    let id = run_json(database.url(), &import)["import_id"].as_str().unwrap().to_owned();
    let looked_up = "INSERT INTO number_lookups (phone_national, looked_up_at, cost_micros, line_type, carrier, provider)
                     SELECT phone_national, now(), 1, CASE WHEN n <= 5 THEN 'mobile' ELSE 'unknown' END, 'Telcel', 'telnyx'
                     FROM (SELECT phone_national, row_number() OVER (ORDER BY phone_national) AS n FROM contacts) AS numbered
                     WHERE n <= 9";
    database.client().await.batch_execute(looked_up).await.unwrap();
    run_json(database.url(), &["rollback", &id, "--json"]);
    assert_eq!(ask(&database, "SELECT count(*) FROM contacts").await, 0);
    assert_eq!(run_json(database.url(), &import)["state"], "completed");
    let mobile = "SELECT count(*) FROM contacts WHERE line_type = 'mobile' AND carrier = 'Telcel'";
    assert_eq!(ask(&database, mobile).await, 5);
    assert_eq!(ask(&database, "SELECT count(*) FROM contacts WHERE line_type <> 'unknown'").await, 5);
    let counted = "SELECT sum(contacts)::bigint FROM contact_counts_now WHERE dimension = 'state' AND line_type = 'mobile'";
    assert_eq!(ask(&database, counted).await, 5, "they are counted as what they are");
}
