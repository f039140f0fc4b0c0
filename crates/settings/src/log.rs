//! The section `[log]`.

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// What is logged, and how it looks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogSettings {
    /// A level, or levels by target, as in `info,store_postgres=debug`.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
}

const LEVEL_REMEDY: &str = "give off, error, warn, info, debug or trace, or levels by target, as in \
                            info,store_postgres=debug";

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<LogSettings, Refused> {
    let level = read_level(reader, raw);
    let format = reader.choice(
        entry!(raw, log.format),
        &[("auto", LogFormat::Auto), ("json", LogFormat::Json), ("pretty", LogFormat::Pretty)],
    );
    Ok(LogSettings { level: level?, format: format? })
}

fn read_level(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<String, Refused> {
    let entry = entry!(raw, log.level);
    let level = reader.required_text(entry, LEVEL_REMEDY)?;
    if is_directive(&level) {
        Ok(level)
    } else {
        Err(reader.refuse(entry.key, "is no level to filter the log by", LEVEL_REMEDY))
    }
}

/// Whether the filter takes `level` for what it says. A word alone must be a level: the filter itself takes `inof` for
/// a target, and shows nothing else.
fn is_directive(level: &str) -> bool {
    let names_spans = level.contains('[');
    let words_are_levels = level
        .split(',')
        .map(str::trim)
        .all(|part| part.contains('=') || (!part.is_empty() && part.parse::<LevelFilter>().is_ok()));
    (names_spans || words_are_levels) && EnvFilter::builder().parse(level).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_levels_by_target_are_directives_and_misspelt_levels_are_not() {
        for sound in
            ["info", "WARN", "off", "info,store_postgres=debug", "a::b=trace, warn", "[import{id=7}]=debug"]
        {
            assert!(is_directive(sound), "{sound}");
        }
        for bad in ["inof", "info,debugg", "store_postgres=loud", "info,", "=", "[x"] {
            assert!(!is_directive(bad), "{bad}");
        }
    }
}
