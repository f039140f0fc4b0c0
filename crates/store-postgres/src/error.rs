//! What an error of the driver means to the caller.

use domain::port::StoreError;
use tokio_postgres::error::SqlState;

/// The driver's error without what it may quote of the data: the server's code and sentence, or the failing connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DriverError(String);

/// Classifies `error`, met while `doing` something. A server's detail line is left out: it quotes rows.
pub(crate) fn classify(doing: impl Into<String>, error: &tokio_postgres::Error) -> StoreError {
    let doing = doing.into();
    let Some(server) = error.as_db_error() else {
        let reason = connection_reason(error);
        return StoreError::Unavailable {
            doing,
            reason: reason.clone(),
            source: Some(Box::new(DriverError(reason))),
        };
    };
    let said = format!("{} (SQLSTATE {})", server.message(), server.code().code());
    let source: Option<Box<dyn std::error::Error + Send + Sync>> = Some(Box::new(DriverError(said.clone())));
    match server.code().code() {
        "28P01" | "28000" => StoreError::Unavailable {
            doing,
            reason: "the server refuses the user name or the password; check DATABASE_URL".to_owned(),
            source,
        },
        "42501" => StoreError::Unavailable {
            doing,
            reason: format!(
                "the server does not allow it: {}; ask its administrator for the right",
                server.message()
            ),
            source,
        },
        "53100" => StoreError::Unavailable {
            doing,
            reason: format!("the server's disk is full: {}; make room there and go on", server.message()),
            source,
        },
        "3D000" => StoreError::Unavailable {
            doing,
            reason: format!("{}; make it with `migrator schema up --create-database`", server.message()),
            source,
        },
        code if *server.code() == SqlState::UNDEFINED_TABLE || code == "3F000" => StoreError::Corrupt {
            doing,
            reason: format!("{}; bring the schema up with `migrator schema up`", server.message()),
            source,
        },
        code => match &code[..2] {
            "23" | "40" | "55" => StoreError::Conflict { doing, reason: said },
            "08" | "53" | "57" | "58" | "28" => StoreError::Unavailable { doing, reason: said, source },
            // A message of class 22 (data exception) quotes the value.
            "22" => StoreError::Corrupt {
                doing,
                reason: format!("a value does not fit its column (SQLSTATE {code})"),
                source: None,
            },
            _ => StoreError::Corrupt { doing, reason: said, source },
        },
    }
}

fn connection_reason(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    if error.is_closed() {
        return "the connection was closed; the server went away".to_owned();
    }
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

/// Classifies a failure to get a connection from the pool.
pub(crate) fn classify_pool(doing: impl Into<String>, error: &deadpool_postgres::PoolError) -> StoreError {
    use deadpool_postgres::PoolError;
    let doing = doing.into();
    match error {
        PoolError::Backend(error) => classify(doing, error),
        PoolError::Timeout(_) => StoreError::Unavailable {
            doing,
            reason:
                "every connection stayed in use for as long as a request may wait (database.wait_timeout_ms)"
                    .to_owned(),
            source: None,
        },
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            StoreError::Unavailable { doing, reason: error.to_string(), source: None }
        }
    }
}

/// A statement that had to touch one row: `1` is success, anything else what `reason` says.
pub(crate) fn exactly_one(rows: u64, doing: &str, reason: &str) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(conflict(doing, reason)) }
}

/// What stands there does not allow it.
pub(crate) fn conflict(doing: &str, reason: &str) -> StoreError {
    StoreError::Conflict { doing: doing.to_owned(), reason: reason.to_owned() }
}

/// A value in the store that no rule of ours could have written.
pub(crate) fn corrupt(doing: &str, what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { doing: doing.to_owned(), reason: what.into(), source: None }
}
