use std::collections::BTreeMap;
use std::path::Path;

use config::{FileFormat, Source as _, Value};

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config")
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// The leaves of a TOML text by dotted path.
fn leaves(text: &str) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
        match value.clone().into_table() {
            Ok(table) => {
                for (name, inner) in table {
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    walk(&path, &inner, found);
                }
            }
            Err(_) => drop(found.insert(path.to_owned(), value.to_string())),
        }
    }
    let mut found = BTreeMap::new();
    for (name, value) in config::File::from_str(text, FileFormat::Toml).collect().unwrap() {
        walk(&name, &value, &mut found);
    }
    found
}

/// The text with its commented-out keys set.
fn with_comments_set(text: &str) -> String {
    let is_key = |rest: &str| {
        rest.split_once(" = ")
            .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    text.lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_file_loads() {
    for (name, environment) in [
        ("default.toml", Environment::Production),
        ("development.toml", Environment::Development),
        ("production.toml", Environment::Production),
    ] {
        let sources = Sources { file: Some(folder().join(name)), environment: Vec::new() };
        let settings = Settings::load(&sources).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(settings.environment, environment, "{name}");
    }
}

#[test]
fn every_file_shows_every_key_and_every_group_of_keys_begins_with_a_comment() {
    let known: Vec<String> = keys::known().into_iter().collect();
    for name in ["default.toml", "development.toml", "production.toml"] {
        let text = text_of(name);
        let shown: Vec<String> = leaves(&with_comments_set(&text)).into_keys().collect();
        assert_eq!(shown, known, "{name}");
        for group in text.split("\n\n").filter(|group| !leaves(group).is_empty()) {
            let first = group.lines().find(|line| !line.starts_with('[')).unwrap();
            assert!(first.starts_with("# "), "{name}: a comment is missing above {first}");
        }
    }
}

#[test]
fn what_a_file_comments_out_is_the_default_and_what_it_sets_is_not() {
    let defaults = leaves(&with_comments_set(&text_of("default.toml")));
    for name in ["development.toml", "production.toml"] {
        let text = text_of(name);
        let set = leaves(&text);
        for (key, value) in leaves(&with_comments_set(&text)) {
            let is_set = set.contains_key(&key);
            if key != "environment" {
                assert_eq!(value != defaults[&key], is_set, "{name}: {key}");
            }
        }
    }
}

#[test]
fn no_file_holds_a_secret() {
    for name in ["default.toml", "development.toml", "production.toml"] {
        let set = leaves(&text_of(name));
        let secrets = ["database.url", "database.password", "telnyx.api_key"];
        let secret = set.keys().find(|key| secrets.iter().any(|secret| key.starts_with(secret)));
        assert_eq!(secret, None, "{name}");
    }
}
