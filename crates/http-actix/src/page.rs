//! Lists, a page at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::problem::Problem;

const LIMIT_DEFAULT: u16 = 50;
const LIMIT_MAX: u16 = 200;

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many, from 1 to 200; 50 when left out.
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Checks the parameter `limit`.
pub(crate) fn limit(given: Option<u32>) -> Result<u16, Problem> {
    match given {
        None => Ok(LIMIT_DEFAULT),
        Some(limit) => match u16::try_from(limit) {
            Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
            _ => Err(Problem::bad_request("the query cannot be taken as it is")
                .with("limit", format!("give 1 to {LIMIT_MAX}"))),
        },
    }
}

/// Makes the cursor behind which a list goes on.
pub(crate) fn cursor(behind: &str) -> String {
    URL_SAFE_NO_PAD.encode(behind)
}

/// Reads a cursor back.
pub(crate) fn behind<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            Problem::bad_request("the query cannot be taken as it is")
                .with("cursor", "give next_cursor as the page before had it")
        })
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) data: Vec<T>,
    /// Where the next page begins; `null` after the last.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of what was found, with a cursor when it is full.
    pub(crate) fn of<S>(
        found: Vec<S>,
        limit: u16,
        key: impl Fn(&S) -> String,
        view: impl Fn(S) -> T,
    ) -> Self {
        let next_cursor = (found.len() >= usize::from(limit))
            .then(|| found.last().map(|last| cursor(&key(last))))
            .flatten();
        Self { data: found.into_iter().map(view).collect(), next_cursor }
    }
}
