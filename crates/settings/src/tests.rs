mod auth;
mod database;
mod files;
mod http;
mod layers;
mod secrets;
mod server;
mod telnyx;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;

const SOUND_URL: &str = "postgres://pregon:k7Qz-p2vX9m-w@db:5432/pregon";

fn of_environment(variables: &[(&str, &str)]) -> Sources {
    let environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { file: None, environment }
}

/// A file in a folder of its own, which goes when the folder does.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pregon.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn load_file(text: &str) -> Result<Settings, SettingsError> {
    let (_folder, path) = file(text);
    Settings::load(&Sources { file: Some(path), environment: Vec::new() })
}

fn load_variables(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(&of_environment(variables))
}

fn keys(error: &SettingsError) -> Vec<Option<&str>> {
    error.problems().iter().map(SettingProblem::key).collect()
}

#[test]
fn without_any_source_the_defaults_stand() {
    let settings = Settings::load(&Sources::default()).unwrap();
    assert_eq!(settings.environment, Environment::Production);
    assert_eq!(settings.import.batch_rows.get(), 10_000);
    assert_eq!(settings.import.maintenance_work_mem_mb, 1024);
    assert_eq!(settings.import.min_valid_percent.get(), 99);
    let passwords = &settings.passwords;
    assert_eq!((passwords.memory_kib, passwords.iterations, passwords.lanes), (19_456, 2, 1));
    assert_eq!((passwords.length_min, passwords.length_max), (12, 128));
    assert_eq!(
        (settings.log.level.as_str(), settings.log.format),
        ("info,refinery_core=warn,tokio_postgres=warn", LogFormat::Auto)
    );
    assert_eq!(settings.time.zone.iana_name(), Some("America/Mexico_City"));
}

#[test]
fn a_missing_url_is_refused_only_when_a_command_asks_for_the_database() {
    let settings = Settings::load(&Sources::default()).unwrap();
    let error = settings.database().unwrap_err();
    assert_eq!(keys(&error), [Some("database.url")]);
    assert!(error.to_string().contains("DATABASE_URL"), "{error}");

    let settings = load_variables(&[("DATABASE_URL", SOUND_URL)]).unwrap();
    let database = settings.database().unwrap();
    assert_eq!(database.url.expose_secret(), SOUND_URL);
    assert_eq!(database.address, "pregon@db:5432/pregon");
    assert_eq!(database.pool_size_max, 16);
    assert_eq!(database.connect_timeout, Duration::from_secs(5));
    assert_eq!(database.statement_timeout, Duration::from_secs(30));
    assert_eq!(database.wait_timeout, Duration::from_secs(2));
    assert_eq!(database.application_name, "pregon");
}

#[test]
fn every_bad_key_is_reported_at_once_with_its_layer_and_what_to_do() {
    let (_folder, path) = file(concat!(
        "environment = \"staging\"\n[database]\npool_size_max = 0\nconnect_timeout_ms = 1.5\nwait_timeout_ms = true\n",
        "application_name = 7\n[import]\nbatch_rows = 99\nmaintenance_work_mem_mb = -1\nmin_valid_percent = [1]\n",
        "[passwords]\niterations = 1\n[kitchen]\nsink = 1\n",
    ));
    let mut sources = of_environment(&[
        ("PREGON__LOG__LEVEL", "inof"),
        ("PREGON__LOG__FORMAT", "xml"),
        ("PREGON__TIME__ZONE", "America/Ciudad"),
        ("PREGON__PASSWORDS__LENGTH_MIN", "7"),
    ]);
    sources.file = Some(path.clone());
    let error = Settings::load(&sources).unwrap_err();
    let expected = [
        "kitchen.sink",
        "environment",
        "database.pool_size_max",
        "database.connect_timeout_ms",
        "database.wait_timeout_ms",
        "database.application_name",
        "import.batch_rows",
        "import.maintenance_work_mem_mb",
        "import.min_valid_percent",
        "passwords.length_min",
        "passwords.memory_kib",
        "log.level",
        "log.format",
        "time.zone",
    ];
    assert_eq!(keys(&error), expected.map(Some), "{error}");
    let shown = error.to_string();
    assert!(shown.starts_with("cannot use the settings, 14 of them are wrong:\n"), "{shown}");
    let of_file = format!(
        "import.batch_rows, from the file {}, is out of bounds: give rows from 100 to 64000",
        path.display()
    );
    assert!(shown.contains(&of_file), "{shown}");
    assert!(shown.contains("passwords.memory_kib, from the defaults, makes hashes too cheap"), "{shown}");
}
