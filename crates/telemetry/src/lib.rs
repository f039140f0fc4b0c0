//! What a program says: its log, set up by one call in `main` before anything runs, and the lines that a command answers.
//!
//! Logs go to standard error, which leaves standard output to answers. No other crate of ours enters here: the caller
//! passes plain values.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// [`Pretty`](Self::Pretty) when standard error is a terminal, otherwise [`Json`](Self::Json).
    #[default]
    Auto,
    /// One JSON object a line: `timestamp` (UTC, RFC 3339), `level`, `target`, `fields` (its `message` among them) and
    /// `spans`, the outermost first.
    Json,
    /// One line for people, in colour on a terminal.
    Pretty,
}

/// Why the log could not be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// The directive says nothing that can be filtered by.
    #[error(
        "the log's level is no directive: give off, error, warn, info, debug or trace, \
         or levels by target, as in info,store_postgres=debug"
    )]
    BadDirective,
    /// A log was installed in this process before.
    #[error("a log is installed in this process already: it is set up once, where the program starts")]
    AlreadyInstalled,
}

/// Crates that write to their log, below [`CONFIDENTIAL_MAX`], what is on the wire: the parameters of a statement hold
/// phones, names and hashes.
const CONFIDENTIAL_TARGETS: [&str; 1] = ["tokio_postgres"];

/// The most that is taken from [`CONFIDENTIAL_TARGETS`], whatever the directive says.
const CONFIDENTIAL_MAX: LevelFilter = LevelFilter::INFO;

/// Sends every event and span that `level` lets through to standard error, records of the crate `log` too. `level` is
/// a directive of [`EnvFilter`]: a level, or levels by target, as in `info,store_postgres=debug`.
///
/// What a driver logs of the data it carries stays out even where `level` asks for it.
///
/// # Errors
/// When `level` is no directive, or when a log is installed already.
pub fn init(level: &str, format: Format) -> Result<(), TelemetryError> {
    subscriber(level, format, io::stderr().is_terminal(), io::stderr)?
        .try_init()
        .map_err(|_| TelemetryError::AlreadyInstalled)
}

/// Answers one line on standard output. A reader that went away is no failure of the command.
pub fn put_line(line: &dyn Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// The subscriber that [`init`] installs, over any writer.
fn subscriber<W>(
    level: &str,
    format: Format,
    is_terminal: bool,
    writer: W,
) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(level).map_err(|_| TelemetryError::BadDirective)?;
    let is_json = match format {
        Format::Auto => !is_terminal,
        Format::Json => true,
        Format::Pretty => false,
    };
    let lines = layer().with_writer(writer);
    let lines = if is_json {
        lines.json().with_current_span(false).with_span_list(true).boxed()
    } else {
        lines.with_ansi(is_terminal).compact().boxed()
    };
    Ok(registry().with(lines).with(filter).with(filter_fn(may_be_shown)))
}

fn may_be_shown(metadata: &Metadata<'_>) -> bool {
    let of_a_crate = |name: &str| {
        metadata.target().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    *metadata.level() <= CONFIDENTIAL_MAX || !CONFIDENTIAL_TARGETS.iter().any(|name| of_a_crate(name))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::subscriber::with_default;
    use tracing::{debug, info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: &str, format: Format, is_terminal: bool, events: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        with_default(subscriber(level, format, is_terminal, move || writer.clone()).unwrap(), events);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn away_from_a_terminal_a_line_is_one_json_object_with_its_spans() {
        let log = logged("info", Format::Auto, false, || {
            let _import = info_span!("import", id = 7).entered();
            let _batch = info_span!("batch", rows = 10_000).entered();
            warn!(target: "source_sqlite", seconds = 2, "the source is\nslow");
        });
        assert_eq!(log.lines().count(), 1, "{log}");
        let line: Value = serde_json::from_str(log.trim()).unwrap();
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["target"], "source_sqlite");
        assert_eq!(line["fields"]["message"], "the source is\nslow");
        assert_eq!(line["fields"]["seconds"], 2);
        assert_eq!(line["spans"][0]["name"], "import");
        assert_eq!(line["spans"][0]["id"], 7);
        assert_eq!(line["spans"][1]["name"], "batch");
        assert_eq!(line["spans"].as_array().unwrap().len(), 2);
        assert!(line.get("span").is_none(), "{line}");
    }

    #[test]
    fn on_a_terminal_a_line_is_for_people_and_only_there_in_colour() {
        let event = || info!("ready");
        let on_terminal = logged("info", Format::Auto, true, event);
        assert!(on_terminal.contains("ready") && on_terminal.contains('\u{1b}'), "{on_terminal}");
        let piped = logged("info", Format::Pretty, false, event);
        assert!(piped.contains("ready") && !piped.contains('\u{1b}') && !piped.contains('{'), "{piped}");
        let forced = logged("info", Format::Json, true, event);
        assert!(serde_json::from_str::<Value>(forced.trim()).is_ok(), "{forced}");
    }

    #[test]
    fn the_directive_decides_what_is_shown() {
        let log = logged("warn,migrator=debug", Format::Pretty, false, || {
            debug!(target: "migrator::import", "shown");
            info!(target: "store_postgres", "hidden");
        });
        assert!(log.contains("shown") && !log.contains("hidden"), "{log}");
    }

    #[test]
    fn the_parameters_of_a_statement_are_never_logged() {
        let log = logged("trace,tokio_postgres=trace", Format::Pretty, false, || {
            debug!(target: "tokio_postgres::query", "executing with 5512345678");
            debug!(target: "tokio_postgres_rustls", "another crate");
            warn!(target: "tokio_postgres::connection", "closed");
        });
        assert!(!log.contains("5512345678"), "{log}");
        assert!(log.contains("another crate") && log.contains("closed"), "{log}");
    }

    #[test]
    fn a_bad_directive_is_a_sentence_that_does_not_repeat_it() {
        let error = subscriber("planted=loud", Format::Json, false, io::sink).err().unwrap();
        assert_eq!(error, TelemetryError::BadDirective);
        assert!(!format!("{error} {error:?}").contains("planted"));
    }

    #[test]
    fn a_second_set_up_is_refused_without_a_panic() {
        assert_eq!(init("error", Format::Auto), Ok(()));
        assert_eq!(init("error", Format::Auto), Err(TelemetryError::AlreadyInstalled));
    }
}
