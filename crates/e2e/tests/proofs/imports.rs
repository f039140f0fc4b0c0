//! The api while contacts are imported: it answers everybody, all the time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::json;

use crate::house::House;

/// Enough that the load, each index and the counting are met by requests.
const ROWS: &str = "120000";
const PATHS: [&str; 6] = [
    "/contacts?limit=5",
    "/contacts?limit=200&line_type=unknown",
    "/contacts/stats?by=state",
    "/contacts/stats?by=city",
    "/contacts/search?q=551&limit=5",
    "/contacts/search?q=garcia&limit=5",
];

#[tokio::test]
async fn every_request_is_answered_while_an_empty_table_is_loaded_and_its_indexes_are_built() {
    let house = House::with_contacts(0).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("numeros.db");
    let file = file.to_str().unwrap();
    house.tools.run("sample", &["--rows", ROWS, "--out", file, "--json"], "", |_| {}).await.unwrap();

    let is_done = AtomicBool::new(false);
    let import = async {
        let imported = house.tools.run("migrator", &["import", file, "--json"], "", |_| {}).await.unwrap();
        is_done.store(true, Ordering::Relaxed);
        imported.last().unwrap()["imported"].as_u64().unwrap()
    };
    let answers = async {
        let mut answers: BTreeMap<(String, u16), u64> = BTreeMap::new();
        while !is_done.load(Ordering::Relaxed) {
            for path in PATHS {
                let (status, _) = house.admin.ask_once(Method::GET, path, None, None).await.unwrap();
                *answers.entry((path.to_owned(), status)).or_default() += 1;
            }
            let body = json!({"definition": {"field": "lada", "op": "eq", "value": "55"}});
            let preview = house.admin.ask_once(Method::POST, "/segments/preview", Some(&body), None);
            let (status, _) = preview.await.unwrap();
            *answers.entry(("/segments/preview".to_owned(), status)).or_default() += 1;
        }
        answers
    };
    let (imported, answers) = futures::join!(import, answers);
    assert!(answers.keys().all(|(_, status)| *status == 200), "{answers:?}");
    assert!(answers.values().sum::<u64>() > 50, "{answers:?}");
    // What was loaded counts all at once, and is there when the import says so.
    let (_, stats) =
        house.admin.ask_once(Method::GET, "/contacts/stats?by=status", None, None).await.unwrap();
    assert_eq!(stats["data"][0]["total"], imported, "{stats}");
}
