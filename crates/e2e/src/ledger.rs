//! Our ledger held against the provider's: nobody twice, nobody lost.

use std::collections::{BTreeMap, BTreeSet};

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
    /// What it accepted and we hold to be never sent, as `state number`, the number masked.
    pub lost: Vec<String>,
    /// What we hold to be sent and it never accepted.
    pub invented: Vec<String>,
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
    let answer: Value = reqwest::get(format!("{sandbox_url}/admin/ledger"))
        .await
        .context("the sandbox does not answer")?
        .json()
        .await?;
    let entries = answer["data"].as_array().context("the sandbox's ledger is no list")?;
    let simple = campaign.replace('-', "");
    let mut ledgers = Ledgers::default();
    let mut accepted = BTreeSet::new();
    for entry in entries {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        if !text("ref").starts_with(&simple) {
            continue;
        }
        *ledgers.accepted.entry(text("outcome")).or_default() += 1;
        if !accepted.insert(text("to")) {
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
        let was_accepted = accepted.contains(&to);
        let may_be_accepted =
            ["sent", "delivered", "undelivered", "uncertain", "expired"].contains(&state.as_str());
        let must_be_accepted = ["sent", "delivered", "undelivered"].contains(&state.as_str());
        if was_accepted && !may_be_accepted {
            ledgers.lost.push(format!("{state} {}", masked(&to)));
        }
        if must_be_accepted && !was_accepted {
            ledgers.invented.push(format!("{state} {}", masked(&to)));
        }
        *ledgers.states.entry(state).or_default() += 1;
    }
    Ok(ledgers)
}

fn masked(number: &str) -> String {
    let kept = number.len().saturating_sub(4);
    format!("+52••••••{}", &number[kept..])
}
