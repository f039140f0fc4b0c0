//! The commands but for the import.

use std::io::Write;
use std::process::Stdio;

use testkit::TestDatabase;

use crate::running::{ask, assert_fails, migrator, run, run_json, stderr};

#[tokio::test]
async fn two_migrators_at_once_both_end_well_and_apply_each_migration_once() {
    let database = TestDatabase::empty().await;
    let start = || migrator(database.url(), &["schema", "up", "--json"]).spawn().unwrap();
    let both = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let mut applied = 0;
    for output in both {
        assert!(output.status.success(), "{}", stderr(&output));
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        applied += line["applied"].as_array().unwrap().len();
    }
    let status = run_json(database.url(), &["schema", "status", "--json"]);
    assert_eq!(status["state"], "current");
    assert_eq!(applied, status["migrations"].as_array().unwrap().len());
}

#[tokio::test]
async fn the_database_is_made_where_it_is_missing() {
    let beside = TestDatabase::empty().await;
    let url = format!("{}_made", beside.url());
    let made = run_json(&url, &["schema", "up", "--create-database", "--json"]);
    assert_eq!(made["database_created"], true);
    let again = run_json(&url, &["schema", "up", "--create-database", "--json"]);
    assert_eq!((&again["database_created"], again["applied"].as_array().unwrap().len()), (&false.into(), 0));
    let (_, name) = url.rsplit_once('/').unwrap();
    beside.client().await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

fn create_user(url: &str, arguments: &[&str], password: &str) -> std::process::Output {
    let mut child =
        migrator(url, &[&["user", "create"], arguments].concat()).stdin(Stdio::piped()).spawn().unwrap();
    // A command line that is refused ends without reading.
    let _ = child.stdin.take().unwrap().write_all(password.as_bytes());
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn a_user_is_made_once_with_a_hash_and_an_audit_line() {
    let database = TestDatabase::fresh().await;
    let ana = ["--email", "Ana@Empresa.mx", "--role", "manager", "--password-stdin", "--json"];
    let made = create_user(database.url(), &ana, "una frase bastante larga\n");
    assert!(made.status.success(), "{}", stderr(&made));
    assert!(!String::from_utf8_lossy(&made.stdout).contains("frase"));
    assert_fails(
        &create_user(database.url(), &ana, "una frase bastante larga\n"),
        3,
        &["e-mail address already"],
    );

    let hashed = "SELECT count(*) FROM users WHERE email = 'ana@empresa.mx' AND password_hash LIKE '$argon2id$v=19$m=%'";
    assert_eq!(ask(&database, hashed).await, 1);
    assert_eq!(ask(&database, "SELECT count(*) FROM audit_log WHERE action = 'user.create'").await, 1);
}

#[tokio::test]
async fn a_generated_password_is_shown_once_and_must_be_changed() {
    let database = TestDatabase::fresh().await;
    let made = run_json(
        database.url(),
        &["user", "create", "--email", "b@empresa.mx", "--role", "viewer", "--json"],
    );
    assert_eq!(made["password"].as_str().unwrap().len(), 20);
    assert_eq!(ask(&database, "SELECT count(*) FROM users WHERE must_change_password").await, 1);
}

#[tokio::test]
async fn a_user_that_cannot_be_is_refused() {
    let database = TestDatabase::fresh().await;
    let with = |email: &str, role: &str, password: &str| {
        create_user(database.url(), &["--email", email, "--role", role, "--password-stdin"], password)
    };
    assert_fails(&with("a@empresa.mx", "viewer", "corta"), 3, &["at least 12"]);
    assert_fails(
        &with("a@empresa.mx", "root", "una frase bastante larga"),
        2,
        &["viewer, operator, manager, admin"],
    );
    assert_fails(&with("empresa.mx", "viewer", "una frase bastante larga"), 2, &["e-mail"]);
    assert_eq!(ask(&database, "SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn check_says_of_each_thing_how_it_is() {
    let database = TestDatabase::fresh().await;
    let output = run(database.url(), &["check", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let checks: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["settings", "postgres", "schema", "partitions", "permissions", "clock", "disk"]);
    assert!(run(database.url(), &["health"]).status.success());

    let empty = TestDatabase::empty().await;
    assert_fails(&run(empty.url(), &["check"]), 4, &["migrator schema up"]);
    assert_eq!(run(empty.url(), &["health"]).status.code(), Some(4));
}

/// The cases that the rules were written with; those with a line's end within cannot be given one a line.
#[test]
fn normalize_answers_every_known_case_as_the_rules_say() {
    let mut cases =
        csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/data/public_phone.csv"))
            .unwrap();
    let cases: Vec<csv::StringRecord> =
        cases.records().map(Result::unwrap).filter(|case| !case[0].contains(['\n', '\r'])).collect();
    assert!(cases.len() > 1_900, "{}", cases.len());
    let mut child = migrator("", &["normalize"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = cases.iter().map(|case| &case[0]).collect::<Vec<_>>().join("\n");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let mut answers = csv::Reader::from_reader(&output.stdout[..]);
    assert_eq!(
        answers.headers().unwrap(),
        vec!["input", "outcome", "e164", "reason", "line_type", "carrier", "city", "state_code", "timezone"]
    );
    let answers: Vec<csv::StringRecord> = answers.records().map(Result::unwrap).collect();
    assert_eq!(answers.len(), cases.len());
    for (answer, case) in answers.iter().zip(&cases) {
        assert_eq!(answer.iter().take(4).collect::<Vec<_>>(), case.iter().take(4).collect::<Vec<_>>());
    }
}
