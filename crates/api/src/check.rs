//! `api check` and `api health`.

use domain::port::{Cache, PermitPublisher};
use serde_json::json;
use settings::{Settings, Sources};
use store_postgres::Schema;

use crate::cli::Check;
use crate::failure::Failure;
use crate::wiring;

/// How far the server's clock may be from ours before it is worth a word.
const CLOCK_SKEW_MS_MAX: i64 = 2_000;

/// What was looked at, `ok`, `warn` or `fail`, and what was found.
struct Line(&'static str, &'static str, String);

fn judged(what: &'static str, otherwise: &'static str, looked: Result<String, String>) -> Line {
    match looked {
        Ok(said) => Line(what, "ok", said),
        Err(said) => Line(what, otherwise, said),
    }
}

pub(crate) async fn check(command: Check, sources: &Sources) -> Result<(), Failure> {
    let lines = match Settings::load(sources) {
        Ok(settings) => look(&settings).await,
        Err(error) => vec![Line("settings", "fail", error.to_string())],
    };
    for Line(what, verdict, said) in &lines {
        if command.json {
            telemetry::put_line(&json!({"check": what, "verdict": verdict, "detail": said}));
        } else {
            eprintln!("  {verdict:<4}  {what:<11}  {said}");
        }
    }
    if lines.iter().any(|Line(_, verdict, _)| *verdict == "fail") {
        Err(Failure::Server("something is not as it should be; the lines above say what to do".to_owned()))
    } else {
        Ok(())
    }
}

async fn look(settings: &Settings) -> Vec<Line> {
    let auth =
        settings.auth().map(|_| "access tokens can be signed".to_owned()).map_err(|error| error.to_string());
    let telnyx = settings.telnyx_webhooks().map(|_| "what it posts can be verified".to_owned());
    vec![
        Line("settings", "ok", format!("read, for {}", settings.environment)),
        judged("auth", "fail", auth),
        judged("telnyx", "fail", telnyx.map_err(|error| error.to_string())),
        judged("postgres", "fail", postgres(settings).await),
        judged("permissions", "warn", permissions(settings).await),
        judged("clock", "warn", clock(settings).await),
        judged("rabbitmq", "fail", rabbitmq(settings).await),
        // Without it all works, more slowly.
        judged("redis", "warn", redis(settings).await),
    ]
}

async fn postgres(settings: &Settings) -> Result<String, String> {
    let database = wiring::database(settings).map_err(|failure| failure.to_string())?;
    Schema::new(database).require_current().await.map_err(|error| error.to_string())?;
    Ok("answers, and its schema is this program's".to_owned())
}

async fn permissions(settings: &Settings) -> Result<String, String> {
    let database = wiring::database(settings).map_err(|failure| failure.to_string())?;
    if database.may_change_schema().await.map_err(|error| error.to_string())? {
        Err("may change the schema; give it a login of its own: `migrator roles login NAME --of api`"
            .to_owned())
    } else {
        Ok("may not change the schema".to_owned())
    }
}

async fn clock(settings: &Settings) -> Result<String, String> {
    use domain::port::Clock as _;
    let database = wiring::database(settings).map_err(|failure| failure.to_string())?;
    let theirs = database.now().await.map_err(|error| error.to_string())?;
    let skew = system::SystemClock.now().duration_since(theirs).as_millis().abs();
    if skew <= i128::from(CLOCK_SKEW_MS_MAX) {
        Ok("agrees with the database's".to_owned())
    } else {
        Err(format!("is {skew} ms from the database's; let both follow one time server"))
    }
}

async fn rabbitmq(settings: &Settings) -> Result<String, String> {
    let broker = wiring::broker(settings).map_err(|failure| failure.to_string())?;
    broker.ping().await.map_err(|error| error.to_string())?;
    Ok("answers".to_owned())
}

async fn redis(settings: &Settings) -> Result<String, String> {
    let cache = wiring::cache(settings).map_err(|failure| failure.to_string())?;
    cache.ping().await.map_err(|error| error.to_string())?;
    Ok("answers".to_owned())
}

/// Asks the api that listens on this machine whether it is ready.
pub(crate) async fn health(sources: &Sources) -> Result<(), Failure> {
    let settings = Settings::load(sources)?;
    let listen = settings.http.listen.to_string().replace("0.0.0.0", "127.0.0.1");
    let ready = http_actix::ops::is_ready(&listen, settings.http.health_timeout).await;
    ready.map_err(|reason| Failure::Server(format!("the api on {listen} is not ready: {reason}")))
}
