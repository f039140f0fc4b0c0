//! `analyze`: it says before what an import then does.

use testkit::TestDatabase;

use crate::running::{assert_fails, contact_file, run, run_json, text};

#[tokio::test]
async fn what_an_import_will_make_of_a_file_is_said_before() {
    let (folder, file) = contact_file(3_000);
    let analyze = ["analyze", text(&file), "--json"];
    let said = run_json("", &analyze);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "something was left beside the file");

    let database = TestDatabase::fresh().await;
    let import = ["import", text(&file), "--json", "--min-valid-percent", "90"];
    let done = run_json(database.url(), &import);
    for figure in ["imported", "duplicates", "rejected", "ladas_disagreeing"] {
        assert_eq!(said[figure], done[figure], "{figure}");
    }
    assert_eq!((&said["rows"], &said["valid"]), (&done["rows_read"], &done["imported_valid"]));
    assert_eq!(said["said_valid"], done["valid_rows_read"]);
    for (reason, rows) in done["refused_by_reason"].as_object().unwrap() {
        assert_eq!(said["refused"][reason]["rows"], *rows, "{reason}");
    }
    let columns = said["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 16);
    for column in columns {
        let stored: i64 = ["null", "integer", "real", "text", "blob"]
            .iter()
            .map(|kind| column[kind].as_i64().unwrap())
            .sum();
        assert_eq!(stored, 3_000, "{column}");
    }
    let tables: Vec<_> =
        said["tables"].as_array().unwrap().iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert_eq!(tables, ["estadisticas_migracion", "ladas_faltantes", "numeros"]);
    // Numbers are told by their shape.
    let shapes = said["refused"].to_string();
    assert!(shapes.contains("999"), "{shapes}");
    assert!(!shapes.contains("55") && !shapes.contains("33"), "{shapes}");

    assert!(run("", &["analyze", text(&file)]).status.success());
    assert_fails(&run("", &["analyze", text(folder.path())]), 3, &["migrator"]);
    assert_fails(&run("", &["analyze", "nowhere.db"]), 3, &["does not exist"]);
}
