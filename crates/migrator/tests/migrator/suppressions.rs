//! Lists of numbers that are never written to.

use std::fmt::Write as _;

use testkit::TestDatabase;

use crate::running::{ask, assert_fails, run, run_json, text};

fn list(folder: &tempfile::TempDir, lines: &str) -> std::path::PathBuf {
    let file = folder.path().join("lista.csv");
    std::fs::write(&file, lines).unwrap();
    file
}

#[tokio::test]
async fn a_list_is_loaded_and_loading_it_again_adds_nothing() {
    let database = TestDatabase::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = list(
        &folder,
        "TELEFONO\n5512345678\n+52 33 1234 5678\n\n(81) 1234-5678,x\n5512345678\nhola\n55 1234\n",
    );
    let load = ["suppressions", "load", text(&file), "--source", "repep", "--json"];
    let output = run(database.url(), &load);
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let refused: Vec<_> = lines.iter().filter(|line| line["event"] == "refused").collect();
    assert_eq!((refused[0]["line"].as_u64(), refused[1]["line"].as_u64()), (Some(7), Some(8)));
    let finished = lines.last().unwrap();
    let counts = |finished: &serde_json::Value| {
        ["added", "already_there", "refused"].map(|name| finished[name].as_u64().unwrap())
    };
    assert_eq!(counts(finished), [3, 1, 2], "{finished}");
    assert_eq!(counts(&run_json(database.url(), &load)), [0, 4, 2]);
    assert_eq!(
        ask(&database, "SELECT count(*) FROM suppressions WHERE source = 'repep' AND expires_at IS NULL")
            .await,
        3
    );
    assert_eq!(ask(&database, "SELECT count(*) FROM suppression_loads").await, 2);

    let people = run(database.url(), &load[..5]);
    let said = crate::running::stderr(&people);
    assert!(people.status.success() && people.stdout.is_empty(), "{said}");
    assert!(said.contains("line 7") && said.contains("already there"), "{said}");
    assert!(!said.contains("5512345678"), "{said}");
}

#[tokio::test]
async fn entries_of_reus_end_two_years_after_the_day_they_were_listed() {
    let database = TestDatabase::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = list(&folder, "5512345678\n");
    let load = ["suppressions", "load", text(&file), "--source", "reus", "--json"];
    let on = |day: &'static str| [&load[..], &["--listed-on", day]].concat();
    assert_fails(&run(database.url(), &on("2001-01-15")), 2, &["two years"]);
    assert_fails(&run(database.url(), &on("2999-01-15")), 2, &["still to come"]);
    assert_fails(&run(database.url(), &on("ayer")), 2, &["--listed-on"]);
    run_json(database.url(), &load);
    let ends = "SELECT count(*) FROM suppressions
                WHERE expires_at BETWEEN now() + interval '729 days' AND now() + interval '732 days' AND listed_at IS NOT NULL";
    assert_eq!(ask(&database, ends).await, 1);
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing() {
    let database = TestDatabase::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = list(&folder, "hola\nadiós\n12\n");
    let load = |file, source| run(database.url(), &["suppressions", "load", file, "--source", source]);
    assert_fails(&load(text(&file), "manual"), 3, &["no number", "nothing is stored"]);
    assert_fails(&load("/nowhere/lista.csv", "manual"), 3, &["cannot be opened"]);
    assert_fails(&load(text(&file), "opt_out"), 2, &["manual, repep or reus"]);
    let unknown = ["suppressions", "load", text(&file), "--source", "manual", "--column", "telefono"];
    assert_fails(&run(database.url(), &unknown), 3, &["names no column telefono"]);
    let away =
        run("postgres://u:p@127.0.0.1:1/x", &["suppressions", "load", text(&file), "--source", "manual"]);
    assert_fails(&away, 4, &[]);
    assert_eq!(ask(&database, "SELECT count(*) FROM suppression_loads").await, 0);
}

#[tokio::test]
async fn a_list_of_many_batches_is_loaded_whole() {
    let database = TestDatabase::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for n in 0..60_000 {
        writeln!(lines, "55{:08}", 10_000_000 + n).unwrap();
    }
    let file = list(&folder, &lines);
    let finished =
        run_json(database.url(), &["suppressions", "load", text(&file), "--source", "manual", "--json"]);
    assert_eq!(finished["added"].as_u64(), Some(60_000));
}
