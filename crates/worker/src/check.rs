//! `worker check` and `worker health`.

use std::fmt;

use domain::port::PermitPublisher;
use serde_json::json;
use settings::{Settings, Sources};
use store_postgres::Schema;

use crate::cli::Check;
use crate::failure::Failure;
use crate::wiring;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
        })
    }
}

struct Line {
    what: &'static str,
    verdict: Verdict,
    said: String,
}

impl Line {
    fn of(what: &'static str, looked: Result<String, String>) -> Self {
        match looked {
            Ok(said) => Self { what, verdict: Verdict::Ok, said },
            Err(said) => Self { what, verdict: Verdict::Fail, said },
        }
    }
}

pub(crate) async fn check(command: Check, sources: &Sources) -> Result<(), Failure> {
    let lines = match Settings::load(sources) {
        Ok(settings) => look(&settings).await,
        Err(error) => vec![Line::of("settings", Err(error.to_string()))],
    };
    for Line { what, verdict, said } in &lines {
        if command.json {
            telemetry::put_line(&json!({"check": what, "verdict": verdict.to_string(), "detail": said}));
        } else {
            eprintln!("  {verdict:<4}  {what:<11}  {said}");
        }
    }
    if lines.iter().any(|line| line.verdict == Verdict::Fail) {
        Err(Failure::Server("something is not as it should be; the lines above say what to do".to_owned()))
    } else {
        Ok(())
    }
}

async fn look(settings: &Settings) -> Vec<Line> {
    let mut lines = vec![Line::of("settings", Ok(format!("read, for {}", settings.environment)))];
    let sending = settings.telnyx_sending().map(|telnyx| format!("sends by {}", telnyx.api_base_url));
    lines.push(Line::of("telnyx", sending.map_err(|error| error.to_string())));
    lines.push(Line::of("postgres", postgres(settings).await));
    lines.push(Line::of("rabbitmq", rabbitmq(settings).await));
    lines
}

async fn postgres(settings: &Settings) -> Result<String, String> {
    let database = wiring::database(settings).map_err(|failure| failure.to_string())?;
    Schema::new(database.clone()).require_current().await.map_err(|error| error.to_string())?;
    let may_too_much = database.may_change_schema().await.map_err(|error| error.to_string())?;
    Ok(if may_too_much {
        "answers, and its schema is this program's; but this user may change it: give workers a login of their own with `migrator \
         roles login NAME --of worker`"
    } else {
        "answers, and its schema is this program's"
    }
    .to_owned())
}

async fn rabbitmq(settings: &Settings) -> Result<String, String> {
    let broker = wiring::broker(settings).map_err(|failure| failure.to_string())?;
    broker.ping().await.map_err(|error| error.to_string())?;
    let dead = broker.dead_letters().await.map_err(|error| error.to_string())?;
    Ok(format!("answers; {dead} dead letters"))
}

/// Asks the worker that listens on this machine whether it is ready.
pub(crate) async fn health(sources: &Sources) -> Result<(), Failure> {
    let settings = Settings::load(sources)?;
    let listen = settings.worker.listen.replace("0.0.0.0", "127.0.0.1");
    let ready = http_actix::ops::is_ready(&listen, settings.http.health_timeout).await;
    ready.map_err(|reason| Failure::Server(format!("the worker on {listen} is not ready: {reason}")))
}
