//! The report: each figure beside the one it must equal, from a source of its own.

use std::fmt;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::story::Story;

/// Two figures that must be equal.
struct Equality {
    what: &'static str,
    left: (String, i64),
    right: (String, i64),
}

/// The report of a run.
pub(crate) struct Report {
    equalities: Vec<Equality>,
    figures: Vec<(String, String)>,
}

impl Report {
    pub(crate) fn adds_up(&self) -> bool {
        self.equalities.iter().all(|equality| equality.left.1 == equality.right.1)
    }
}

/// Asks the database, and holds what it says against what the import and the generator said.
pub(crate) async fn look(story: &Story) -> Result<Report> {
    let client = story.database.connect().await?;
    let ask = async |sql: &'static str| -> Result<i64> {
        let row =
            client.query_one(sql, &[]).await.with_context(|| format!("the report cannot ask: {sql}"))?;
        Ok(row.get(0))
    };
    let said = |name: &str| figure(&story.import, name);
    let contacts = ask("SELECT count(*) FROM contacts").await?;
    let duplicates = ask("SELECT count(*) FROM import_rejects WHERE outcome = 'duplicate'").await?;
    let rejected = ask("SELECT count(*) FROM import_rejects WHERE outcome = 'rejected'").await?;
    let in_order = ask(
        "SELECT count(*) FROM contacts WHERE phone_e164 ~ '^\\+52[2-9][0-9]{9}$' AND phone_e164 = '+52' || phone_national",
    )
    .await?;
    let unplanned = ask("SELECT count(*) FROM contacts
         WHERE NOT EXISTS (SELECT FROM numbering_ranges
                           WHERE phone_national BETWEEN first_number AND last_number)")
    .await?;
    let equalities = vec![
        equality(
            "every source row is accounted for",
            ("rows of the file", figure(&story.sample, "rows")?),
            ("contacts + duplicates + rejected", contacts + duplicates + rejected),
        ),
        equality(
            "the import counted what the table holds",
            ("imported", said("imported")?),
            ("contacts", contacts),
        ),
        equality("… and the duplicates", ("duplicates", said("duplicates")?), ("kept rows", duplicates)),
        equality("… and the rejected", ("rejected", said("rejected")?), ("kept rows", rejected)),
        equality(
            "what the generator wrote as good came in",
            ("written", figure(&story.sample, "accepted")? + figure(&story.sample, "accepted_invalid")?),
            ("imported", said("imported")?),
        ),
        equality(
            "… its duplicates were found",
            ("written", figure(&story.sample, "duplicates")?),
            ("duplicates", said("duplicates")?),
        ),
        equality(
            "… and what is no number was refused",
            ("written", figure(&story.sample, "rejected")?),
            ("rejected", said("rejected")?),
        ),
        equality("every phone is E.164", ("contacts", contacts), ("well formed", in_order)),
        equality(
            "no number stands twice",
            ("contacts", contacts),
            ("distinct numbers", ask("SELECT count(DISTINCT phone_national) FROM contacts").await?),
        ),
        equality(
            "contacts_by_state is whole",
            ("contacts", contacts),
            (
                "sum over states",
                ask("SELECT coalesce(sum(total_contacts), 0)::bigint FROM contacts_by_state").await?,
            ),
        ),
        equality(
            "what the plan has no range for is of unknown line type",
            ("contacts outside the plan", unplanned),
            ("unknown", ask("SELECT count(*) FROM contacts WHERE line_type = 'unknown'").await?),
        ),
        equality(
            "the source's statistics came over",
            ("rows", 1),
            ("kept", ask("SELECT count(*) FROM import_statistics").await?),
        ),
        equality(
            "the source's missing area codes came over",
            ("rows", 186),
            ("kept", ask("SELECT count(*) FROM missing_ladas").await?),
        ),
        equality(
            "no index is missing",
            ("deferred", 0),
            ("indexes", ask("SELECT count(*) FROM deferred_indexes").await?),
        ),
    ];
    let mut equalities = equalities;
    equalities.extend(of_campaign(story, &client).await?);
    let mut figures = figures(story)?;
    figures.extend(lines(&client).await?);
    Ok(Report { equalities, figures })
}

/// Contacts by line type and carrier, the most first.
async fn lines(client: &tokio_postgres::Client) -> Result<Vec<(String, String)>> {
    let sql = "SELECT concat_ws(' ', line_type, carrier), count(*) FROM contacts GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8";
    let rows = client.query(sql, &[]).await.context("the report cannot ask for line types")?;
    let head = ("line types (of a sample plan)".to_owned(), String::new());
    let line = |row: &tokio_postgres::Row| {
        (format!("    {}", row.get::<_, String>(0)), row.get::<_, i64>(1).to_string())
    };
    Ok(std::iter::once(head).chain(rows.iter().map(line)).collect())
}

/// What must be equal of the campaign.
async fn of_campaign(story: &Story, client: &tokio_postgres::Client) -> Result<Vec<Equality>> {
    let ledgers = &story.ledgers;
    let count = |found: usize| i64::try_from(found).unwrap_or(i64::MAX);
    let audience = figure(&story.progress, "audience")?;
    let states = story.progress["counts"].as_object().context("a figure is missing: counts")?;
    let told: i64 = states.values().filter_map(Value::as_i64).sum();
    let sent_segments =
        "SELECT coalesce(sum(segments), 0)::bigint FROM messages WHERE campaign_id = $1::text::uuid
                         AND (state IN ('sent', 'delivered', 'undelivered')
                              OR (state = 'expired' AND reason = 'receipt_missing'))";
    let segments: i64 = client.query_one(sent_segments, &[&story.campaign]).await?.get(0);
    let endings = "SELECT coalesce(min(n), 0)::bigint FROM (
                       SELECT count(*) * 100 / nullif(sum(count(*)) OVER (), 0) AS n
                       FROM messages WHERE campaign_id = $1::text::uuid
                       GROUP BY least(phone % 100 / 2, 13)) AS shares";
    let least_share: i64 = client.query_one(endings, &[&story.campaign]).await?.get(0);
    let cost =
        story.progress["cost"]["amount_micros"].as_str().unwrap_or_default().parse::<i64>().unwrap_or(-1);
    let of_state = |name: &str| ledgers.states.get(name).copied().unwrap_or_default();
    let mut equalities = vec![
        equality(
            "the audience is what the preview said",
            ("final", figure(&story.preview["audience"], "final")?),
            ("audience", audience),
        ),
        equality("every message is in one state", ("audience", audience), ("sum of states", told)),
        equality("… in the table too", ("audience", audience), ("messages", ledgers.messages())),
        equality("nobody was written to twice", ("twice", 0), ("numbers", count(ledgers.twice.len()))),
        equality(
            "nothing that the provider took is lost",
            ("lost", 0),
            ("messages", count(ledgers.lost.len())),
        ),
        equality(
            "nothing is claimed that it never took",
            ("invented", 0),
            ("messages", count(ledgers.invented.len())),
        ),
        equality(
            "both ledgers are equal",
            (
                "numbers the provider took, or let wait too long",
                ledgers.accepted_numbers + ledgers.unanswered,
            ),
            (
                "delivered + undelivered + expired",
                of_state("delivered") + of_state("undelivered") + of_state("expired"),
            ),
        ),
        equality(
            "the cost is that of what was sent",
            ("segments × price", segments * PRICE_MICROS),
            ("told", cost),
        ),
    ];
    if audience >= SHARES_FROM {
        let enough = i64::from(least_share >= 1);
        equalities.push(equality("every outcome has 1 % or more", ("yes", 1), ("is so", enough)));
    }
    Ok(equalities)
}

/// What the demo's sender costs for each segment.
const PRICE_MICROS: i64 = 285_000;

/// The audience from which on every outcome must have its share.
const SHARES_FROM: i64 = 2_000;

fn equality(what: &'static str, left: (&str, i64), right: (&str, i64)) -> Equality {
    Equality { what, left: (left.0.to_owned(), left.1), right: (right.0.to_owned(), right.1) }
}

fn figure(line: &Value, name: &str) -> Result<i64> {
    line[name].as_i64().with_context(|| format!("a figure is missing: {name}"))
}

fn figures(story: &Story) -> Result<Vec<(String, String)>> {
    let import = &story.import;
    let mut figures = vec![
        ("source rows".to_owned(), figure(import, "source_rows")?.to_string()),
        ("= imported".to_owned(), format!("{} ({} valid)", import["imported"], import["imported_valid"])),
    ];
    let reasons =
        import["refused_by_reason"].as_object().context("a figure is missing: refused_by_reason")?;
    for (sum, is_of_sum) in [
        ("duplicates", (|reason| reason.starts_with("duplicate")) as fn(&str) -> bool),
        ("rejected", |reason| !reason.starts_with("duplicate")),
    ] {
        figures.push((format!("+ {sum}"), import[sum].to_string()));
        for (reason, rows) in reasons.iter().filter(|(reason, _)| is_of_sum(reason)) {
            figures.push((format!("    {reason}"), rows.to_string()));
        }
    }
    figures.push(("rate".to_owned(), format!("{} rows/s", import["rows_per_second"])));
    let percent = import["valid_percent"].as_f64().context("a figure is missing: valid_percent")?;
    figures.push(("valid rows kept".to_owned(), format!("{percent:.3} %")));
    let counts = story.progress["counts"].as_object().context("a figure is missing: counts")?;
    figures.push(("messages".to_owned(), story.progress["audience"].to_string()));
    for (state, n) in counts.iter().filter(|(_, n)| n.as_i64() != Some(0)) {
        figures.push((format!("    {state}"), n.to_string()));
    }
    figures.push(("the provider took".to_owned(), format!("{} numbers", story.ledgers.accepted_numbers)));
    for (outcome, n) in &story.ledgers.accepted {
        figures.push((format!("    {outcome}"), n.to_string()));
    }
    figures.push(("texts by segments".to_owned(), story.preview["text"]["by_segments"].to_string()));
    let cost = story.progress["cost"]["amount_micros"]
        .as_str()
        .unwrap_or_default()
        .parse::<f64>()
        .unwrap_or_default();
    figures.push(("cost".to_owned(), format!("{:.2} MXN", cost / 1e6)));
    figures.push((
        "receipts waited for".to_owned(),
        "4 s, unknown outcomes 6 s: short, for the demo".to_owned(),
    ));
    for (step, took) in &story.steps {
        figures.push((format!("time of {step}"), format!("{:.2} s", took.as_secs_f64())));
    }
    Ok(figures)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nReport")?;
        for (name, value) in &self.figures {
            writeln!(f, "  {name:<30} {value}")?;
        }
        writeln!(f, "\nChecks")?;
        for Equality { what, left, right } in &self.equalities {
            let (mark, sign) = if left.1 == right.1 { ("ok  ", '=') } else { ("FAIL", '≠') };
            writeln!(f, "  {mark} {what}: {} {} {sign} {} {}", left.1, left.0, right.1, right.0)?;
        }
        Ok(())
    }
}
