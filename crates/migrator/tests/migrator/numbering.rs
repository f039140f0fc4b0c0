//! The numbering plan: loaded, compared, and what contacts are classed by.

use testkit::TestDatabase;

use crate::running::{ask, assert_fails, contact_file, migrator, run, run_json, text};

const HEAD: &str =
    "ZONA, NUMERACION_INICIAL, NUMERACION_FINAL, OCUPACION, MODALIDAD, RAZON_SOCIAL, FECHA_ASIGNACION\n";

fn plan(folder: &tempfile::TempDir, name: &str, lines: &str) -> std::path::PathBuf {
    let file = folder.path().join(name);
    std::fs::write(&file, format!("{HEAD}{lines}")).unwrap();
    file
}

const MOBILE: &str = "5,5512340000,5512349999,10000,CPP,\"RADIOMOVIL DIPSA, S.A. DE C.V.\",05/10/2024,\n";
const FIXED: &str =
    "5,5512350000,5512359999,10000,FIJO,\"TELEFONOS DE MEXICO, S.A.B. DE C.V.\",05/10/2020,\n";

#[tokio::test]
async fn a_plan_takes_effect_when_it_is_told_to_and_contacts_are_classed_by_it() {
    let database = TestDatabase::fresh().await;
    let client = database.client().await;
    client
        .batch_execute(
            "INSERT INTO contacts (phone_national, is_valid) VALUES (5512345670, true), (5512355670, true), (5599995670, true)",
        )
        .await
        .unwrap();
    assert_fails(&run(database.url(), &["reclassify"]), 2, &["numbering-plan load"]);
    let folder = tempfile::tempdir().unwrap();
    let file = plan(&folder, "plan.csv", &format!("{MOBILE}{FIXED}"));
    let load = ["numbering-plan", "load", text(&file), "--json"];
    assert_eq!(run_json(database.url(), &load)["event"], "proposed");
    assert_eq!(ask(&database, "SELECT count(*) FROM numbering_plans").await, 0);
    let told = run_json(database.url(), &[&load[..], &["--yes"]].concat());
    assert_eq!((told["event"].as_str(), told["ranges"].as_u64()), (Some("in_force"), Some(2)));
    assert_eq!(run_json(database.url(), &[&load[..], &["--yes"]].concat())["event"], "in_force_already");

    let finished = run_json(database.url(), &["reclassify", "--json"]);
    assert_eq!(
        ["contacts_seen", "contacts_changed", "contacts_unmatched"].map(|name| finished[name].as_i64()),
        [Some(3), Some(2), Some(1)]
    );
    assert_eq!(ask(&database, "SELECT count(*) FROM contact_count_changes").await, 0, "all is folded");
    let again = run_json(database.url(), &["reclassify", "--json"]);
    assert_eq!(again["contacts_changed"].as_i64(), Some(0));
    let classed =
        "SELECT string_agg(concat_ws(' ', line_type, carrier), ', ' ORDER BY phone_national) FROM contacts";
    let said: String = client.query_one(classed, &[]).await.unwrap().get(0);
    assert_eq!(said, "mobile Telcel, fixed Telmex, unknown");
    let mobile = "SELECT coalesce(sum(mobile_contacts), 0)::bigint FROM contacts_by_state";
    assert_eq!(ask(&database, mobile).await, 1);

    // Another plan, older than the one in force, which says so and what would change.
    let older = plan(&folder, "older.csv", &FIXED.replace("FIJO", "MPP"));
    let proposed = run_json(database.url(), &["numbering-plan", "load", text(&older), "--json"]);
    assert_eq!(proposed["is_older"], true);
    assert_eq!(proposed["changes"]["changed"].as_i64(), Some(1));
    assert_eq!(proposed["changes"]["removed"].as_i64(), Some(1));

    let numbers = folder.path().join("numbers.txt");
    std::fs::write(&numbers, "55 1234 5670\n55 9999 5670\n").unwrap();
    let output = migrator(database.url(), &["normalize", text(&numbers)]).output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert!(answers.contains("55 1234 5670,accepted,+525512345670,,mobile,Telcel,"), "{answers}");
    assert!(answers.contains("55 9999 5670,accepted,+525599995670,,unknown,,"), "{answers}");
}

#[tokio::test]
async fn a_file_that_is_no_plan_changes_nothing() {
    let database = TestDatabase::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    for (lines, says) in [
        ("", "no ranges"),
        ("9,9,5512349999,1,CPP,X,05/10/2024,\n", "line 2"),
        ("9,2120000000,2120000999,1000,CPP,X,05/10/2024,\n", "not assigned in Mexico"),
        ("5,5512349999,5512340000,1,CPP,X,05/10/2024,\n", "ends before it begins"),
    ] {
        let file = plan(&folder, "bad.csv", lines);
        let output = run(database.url(), &["numbering-plan", "load", text(&file), "--yes"]);
        assert_fails(&output, 3, &[says]);
    }
    let missing = folder.path().join("missing.csv");
    assert_fails(&run(database.url(), &["numbering-plan", "load", text(&missing)]), 3, &["cannot be read"]);
    assert_eq!(ask(&database, "SELECT count(*) FROM numbering_plans").await, 0);
}

#[tokio::test]
async fn contacts_that_come_in_are_classed_by_the_plan_in_force() {
    let database = TestDatabase::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let lines =
        "5,2200000000,5599999999,1,MPP,UNA,05/10/2024,\n5,5600000000,9999999999,1,FIJO,OTRA,05/10/2024,\n";
    let file = plan(&folder, "plan.csv", lines);
    assert!(run(database.url(), &["numbering-plan", "load", text(&file), "--yes"]).status.success());
    let (_folder, file) = contact_file(2_000);
    let import = |arguments: &[&str]| {
        run_json(
            database.url(),
            &[&["import", text(&file), "--json", "--min-valid-percent", "90"][..], arguments].concat(),
        )
    };
    // The first part is copied into an empty table, the rest is merged into a full one.
    assert_eq!(import(&["--limit", "1000"])["state"], "stopped");
    assert_eq!(import(&["--resume"])["state"], "completed");
    let wrong = "SELECT count(*) FROM contacts
                 WHERE phone_national >= 2200000000 AND concat_ws(' ', line_type, carrier)
                       <> CASE WHEN phone_national < 5600000000 THEN 'mobile UNA' ELSE 'fixed OTRA' END";
    assert_eq!(ask(&database, wrong).await, 0);
    assert!(ask(&database, "SELECT count(*) FROM contacts WHERE NOT is_mobile").await > 0);
}
