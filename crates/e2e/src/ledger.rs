//! Our ledger held against the provider's: nobody twice, nobody lost.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio_postgres::Client;

/// What both ledgers say of one campaign.
#[derive(Debug, Default)]
pub struct Ledgers {
    /// Messages of the campaign by state.
    pub states: BTreeMap<String, i64>,
    /// What the provider accepted, by its outcome.
    pub accepted: BTreeMap<String, i64>,
    /// Numbers that the provider accepted.
    pub accepted_numbers: i64,
    /// Numbers that it accepted more than once.
    pub twice: Vec<String>,
    /// Messages that expired and that it never accepted: the call took too long, and nothing came of it.
    pub unanswered: i64,
    /// What it accepted and we hold to be never sent, as `state number`, the number masked.
    pub lost: Vec<String>,
    /// What we hold to be sent and it never accepted.
    pub invented: Vec<String>,
    /// What stands otherwise with us than the provider told in the end. Before all it had to tell is settled, this says
    /// little.
    pub misjudged: Vec<String>,
    /// Lines of the provider's ledger that were read, of whatever campaign.
    pub lines: usize,
}

impl Ledgers {
    /// Messages of the campaign.
    #[must_use]
    pub fn messages(&self) -> i64 {
        self.states.values().sum()
    }

    /// Whether both agree.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.twice.is_empty() && self.lost.is_empty() && self.invented.is_empty()
    }
}

/// Asks both.
///
/// # Errors
/// When one does not answer.
pub async fn compare(sandbox_url: &str, database: &Client, campaign: &str) -> Result<Ledgers> {
    compare_from(sandbox_url, database, campaign, 0).await
}

/// Asks both, the provider without the first lines of its ledger.
///
/// # Errors
/// When one does not answer.
pub async fn compare_from(
    sandbox_url: &str,
    database: &Client,
    campaign: &str,
    first: usize,
) -> Result<Ledgers> {
    let answer: Value = reqwest::get(format!("{sandbox_url}/admin/ledger?first={first}"))
        .await
        .context("the sandbox does not answer")?
        .json()
        .await?;
    let entries = answer["data"].as_array().context("the sandbox's ledger is no list")?;
    let simple = campaign.replace('-', "");
    let mut ledgers = Ledgers { lines: entries.len(), ..Ledgers::default() };
    let mut accepted = BTreeMap::new();
    for entry in entries {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        if !text("ref").starts_with(&simple) {
            continue;
        }
        *ledgers.accepted.entry(text("outcome")).or_default() += 1;
        if accepted.insert(text("to"), told(&text("outcome"))).is_some() {
            ledgers.twice.push(masked(&text("to")));
        }
    }
    ledgers.accepted_numbers = i64::try_from(accepted.len())?;
    let rows = database
        .query(
            "SELECT '+52' || phone, state::text FROM messages WHERE campaign_id = $1::text::uuid",
            &[&campaign],
        )
        .await?;
    for row in rows {
        let (to, state): (String, String) = (row.get(0), row.get(1));
        let was_accepted = accepted.contains_key(&to);
        let may_be_accepted =
            ["sent", "delivered", "undelivered", "uncertain", "expired"].contains(&state.as_str());
        let must_be_accepted = ["sent", "delivered", "undelivered"].contains(&state.as_str());
        if was_accepted && !may_be_accepted {
            ledgers.lost.push(format!("{state} {}", masked(&to)));
        }
        if must_be_accepted && !was_accepted {
            ledgers.invented.push(format!("{state} {}", masked(&to)));
        }
        if state == "expired" && !was_accepted {
            ledgers.unanswered += 1;
        }
        if let Some(told) = accepted.get(&to).filter(|told| **told != state) {
            ledgers.misjudged.push(format!("{state} instead of {told} {}", masked(&to)));
        }
        *ledgers.states.entry(state).or_default() += 1;
    }
    Ok(ledgers)
}

/// The state of a message that was accepted with this outcome, once everything is told.
fn told(outcome: &str) -> &'static str {
    match outcome {
        "undelivered" => "undelivered",
        "no_receipt" => "expired",
        _ => "delivered",
    }
}

/// A number as it may be shown.
#[must_use]
pub fn masked(number: &str) -> String {
    let kept = number.len().saturating_sub(4);
    format!("+52••••••{}", &number[kept..])
}
