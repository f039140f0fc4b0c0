//! The layers and their merging, key by key, each key with the layer it came from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use config::builder::{ConfigBuilder, DefaultState};
use config::{Config, ConfigError, FileFormat, Map, Source as _, Value, ValueKind};

use crate::error::{Origin, SettingProblem};
use crate::keys;
use crate::raw::RawSettings;
use crate::sources::Sources;

/// Begins the name of every variable that is a setting.
pub(crate) const PREFIX: &str = "PREGON__";

/// Variables with names that other programs use too, and the keys they give; `PREGON__` variables beat them.
pub(crate) const ALIASES: [(&str, &str); 3] =
    [("DATABASE_URL", "database.url"), ("REDIS_URL", "redis.url"), ("AMQP_URL", "rabbitmq.url")];

/// The first layer; a program works wherever it is put because it carries it.
const DEFAULT_TOML: &str = include_str!("../../../config/default.toml");

/// The largest configuration file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The longest part of a key's name that is repeated in an error.
const SHOWN_NAME_CHARS_MAX: usize = 80;

/// Keys of which a layer may give one: a secret, and the file that it stands in.
const EITHER_OR: [(&str, &str); 7] = [
    ("database.url", "database.url_file"),
    ("database.password", "database.password_file"),
    ("telnyx.api_key", "telnyx.api_key_file"),
    ("auth.jwt_secret", "auth.jwt_secret_file"),
    ("auth.jwt_other_secrets", "auth.jwt_other_secrets_file"),
    ("rabbitmq.url", "rabbitmq.url_file"),
    ("redis.url", "redis.url_file"),
];

/// The merged settings: known keys alone.
#[derive(Default)]
pub(crate) struct Layers {
    values: BTreeMap<String, Value>,
    origins: BTreeMap<String, Origin>,
}

/// A key of one layer.
struct Setting {
    key: String,
    value: Value,
    origin: Origin,
}

impl Layers {
    /// Merges the layers. What cannot be read and what no key is known by goes to `problems`.
    pub(crate) fn gather(sources: &Sources, problems: &mut Vec<SettingProblem>) -> Self {
        let mut layers = Self::default();
        layers.put_toml(DEFAULT_TOML, &Origin::Default, problems);
        if let Some(path) = &sources.file {
            let origin = Origin::File(path.clone());
            match read_file(path) {
                Ok(text) => layers.put_toml(&text, &origin, problems),
                Err(reason) => problems.push(SettingProblem::of_layer(
                    origin,
                    &format!("cannot be read: {reason}"),
                    "give --config a TOML file that this user may read",
                )),
            }
        }
        let variables = |to_key: &dyn Fn(&str) -> Option<String>| -> Vec<Setting> {
            let given = sources.environment.iter().filter(|(_, value)| !value.is_empty());
            given
                .filter_map(|(name, value)| {
                    let origin = Origin::Variable(shown(name));
                    Some(Setting { key: to_key(name)?, value: Value::new(None, value.as_str()), origin })
                })
                .collect()
        };
        let of_alias =
            |name: &str| ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, key)| (*key).to_owned());
        let of_prefix =
            |name: &str| name.strip_prefix(PREFIX).map(|key| key.to_lowercase().replace("__", "."));
        layers.put(variables(&of_alias), problems);
        layers.put(variables(&of_prefix), problems);
        layers
    }

    /// The merged values in the shape of the raw structs.
    pub(crate) fn deserialize(&self, problems: &mut Vec<SettingProblem>) -> RawSettings {
        let built = self
            .values
            .iter()
            .try_fold(Config::builder(), |builder, (key, value)| builder.set_override(key, value.clone()))
            .and_then(ConfigBuilder::<DefaultState>::build)
            .and_then(Config::try_deserialize);
        // The error is dropped because it repeats values; known keys of any kind fit, so that there is none.
        built.unwrap_or_else(|_| {
            problems.push(SettingProblem::of_layer(
                Origin::Nowhere,
                "gives settings that fit together",
                "compare them with config/default.toml",
            ));
            RawSettings::default()
        })
    }

    /// The layer of each key that is set.
    pub(crate) fn origins(&self) -> &BTreeMap<String, Origin> {
        &self.origins
    }

    fn put_toml(&mut self, text: &str, origin: &Origin, problems: &mut Vec<SettingProblem>) {
        match config::File::from_str(text, FileFormat::Toml).collect() {
            Ok(table) => {
                let mut layer = Vec::new();
                flatten("", table, origin, &mut layer);
                self.put(layer, problems);
            }
            Err(error) => problems.push(SettingProblem::of_layer(
                origin.clone(),
                &format!("is not valid TOML{}", place_in_file(&error)),
                "write every line as key = value under its [section], text in quotes, each key once",
            )),
        }
    }

    /// Lays one layer over those before it.
    fn put(&mut self, layer: Vec<Setting>, problems: &mut Vec<SettingProblem>) {
        for (direct, in_file) in EITHER_OR {
            let origin_of =
                |key: &str| layer.iter().find(|given| given.key == key).map(|given| &given.origin);
            match (origin_of(direct), origin_of(in_file)) {
                (Some(origin), Some(_)) => problems.push(SettingProblem::of_key(
                    direct,
                    origin.clone(),
                    "is given twice, as a value and as a file",
                    &format!("keep either {direct} or {in_file}"),
                )),
                (Some(_), None) => self.remove(in_file),
                (None, Some(_)) => self.remove(direct),
                (None, None) => {}
            }
        }
        let known = keys::known();
        for Setting { key, value, origin } in layer {
            if known.contains(&key) {
                self.values.insert(key.clone(), value);
                self.origins.insert(key, origin);
            } else {
                problems.push(unknown(&key, origin));
            }
        }
    }

    fn remove(&mut self, key: &str) {
        self.values.remove(key);
        self.origins.remove(key);
    }
}

/// The problem of a key that is none, with the nearest one that is.
fn unknown(key: &str, origin: Origin) -> SettingProblem {
    let known = keys::known();
    let is_variable = matches!(origin, Origin::Variable(_));
    let section = format!("{key}.");
    if known.iter().any(|known| known.starts_with(&section)) {
        let remedy = format!("give one of its keys, as listed under [{key}] in config/default.toml");
        return SettingProblem::of_key(key, origin, "is a section and takes no value", &remedy);
    }
    let remedy = match keys::nearest(key, &known) {
        Some(nearest) if is_variable => format!("did you mean {}?", variable_of(nearest)),
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "remove it, or take a key listed in config/default.toml".to_owned(),
    };
    SettingProblem::of_key(&shown(key), origin, "is not a setting", &remedy)
}

/// The variable that gives `key`.
fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// A name fit to be printed.
fn shown(name: &str) -> String {
    name.escape_debug().take(SHOWN_NAME_CHARS_MAX).collect()
}

/// The leaves of a table by their dotted path. A table without any is a leaf unless it is one of our sections.
fn flatten(path: &str, table: Map<String, Value>, origin: &Origin, layer: &mut Vec<Setting>) {
    for (name, value) in table {
        let key = if path.is_empty() { name } else { format!("{path}.{name}") };
        if let ValueKind::Table(inner) = value.kind {
            if !inner.is_empty() {
                flatten(&key, inner, origin, layer);
            } else if !is_section(&key) {
                layer.push(Setting { key, value: Value::from(inner), origin: origin.clone() });
            }
        } else {
            layer.push(Setting { key, value, origin: origin.clone() });
        }
    }
}

fn is_section(key: &str) -> bool {
    let prefix = format!("{key}.");
    keys::known().iter().any(|known| known.starts_with(&prefix))
}

fn read_file(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it is larger than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// ` at line L, column C`, when the parser says where. The rest of what it says repeats the line, secrets included, and
/// the position is to be had nowhere but in its text.
fn place_in_file(error: &ConfigError) -> String {
    let said = error.to_string();
    let number_after = |word: &str| -> Option<u32> {
        let rest = said.lines().next()?.split_once(word)?.1;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    match (number_after("at line "), number_after(", column ")) {
        (Some(line), Some(column)) => format!(" at line {line}, column {column}"),
        _ => String::new(),
    }
}
