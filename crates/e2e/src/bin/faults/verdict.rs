//! What must be so when a campaign has ended, whatever happened to it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use domain::campaign::CampaignId;
use domain::message::{AttemptRef, MessageId};
use e2e::{Ledgers, compare_from, masked};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::fault::Scene;
use crate::site::{LEASE, Site, insist};

/// Lies of each kind that are told.
const LIES: usize = 5;

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    AcceptedTwice,
    AskedAgain,
    Lost,
    Invented,
    NotFinal,
    ClaimLeft,
    AfterOptOut,
    WhilePaused,
    Misjudged,
    CountsDiffer,
}

impl Violation {
    pub(crate) const ALL: [Self; 10] = [
        Self::AcceptedTwice,
        Self::AskedAgain,
        Self::Lost,
        Self::Invented,
        Self::NotFinal,
        Self::ClaimLeft,
        Self::AfterOptOut,
        Self::WhilePaused,
        Self::Misjudged,
        Self::CountsDiffer,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedTwice => "accepted twice",
            Self::AskedAgain => "asked again",
            Self::Lost => "lost",
            Self::Invented => "invented",
            Self::NotFinal => "not final",
            Self::ClaimLeft => "claim left",
            Self::AfterOptOut => "after opt-out",
            Self::WhilePaused => "while paused",
            Self::Misjudged => "misjudged",
            Self::CountsDiffer => "counts differ",
        }
    }
}

/// What was found, by its kind.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) violations: BTreeMap<Violation, Vec<String>>,
    pub(crate) ledgers: Ledgers,
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(crate) fn add(&mut self, violation: Violation, found: impl IntoIterator<Item = String>) {
        let found: Vec<String> = found.into_iter().collect();
        if !found.is_empty() {
            self.violations.entry(violation).or_default().extend(found);
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (violation, found) in &self.violations {
            let some = found.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            write!(f, "\n  {}: {} ({some})", violation.as_str(), found.len())?;
        }
        write!(f, "\n  states: {:?}", self.ledgers.states)
    }
}

/// Holds both ledgers against each other once everything is settled. `repeated_before` requests bore a key that was borne
/// before when the campaign began.
pub(crate) async fn reach(
    site: &mut Site,
    scene: &Scene,
    repeated_before: u64,
    patience: Duration,
) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    verdict.add(Violation::NotFinal, unsettled(site, patience).await?);
    if !verdict.is_clean() {
        verdict.add(Violation::ClaimLeft, claims_left(site).await?);
        return Ok(verdict);
    }
    let truth = ledgers(site, &scene.campaign).await?;
    lie(site, scene, &truth).await?;
    verdict.add(Violation::NotFinal, unsettled(site, patience).await?);
    let ledgers = ledgers(site, &scene.campaign).await?;
    site.ledger_lines += ledgers.ledgers.lines;
    let of_ledgers = ledgers.ledgers;
    verdict.add(Violation::AcceptedTwice, of_ledgers.twice.iter().cloned());
    verdict.add(Violation::Lost, of_ledgers.lost.iter().cloned());
    verdict.add(Violation::Invented, of_ledgers.invented.iter().cloned());
    verdict.add(Violation::Misjudged, of_ledgers.misjudged.iter().cloned());
    verdict.add(Violation::AskedAgain, asked_again(site, repeated_before).await?);
    verdict.add(Violation::WhilePaused, scene.while_paused.iter().cloned());
    let database = site.database().await?;
    for row in database.query(include_str!("differing.sql"), &[&scene.campaign]).await? {
        let (state, rows, counted): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        verdict.add(Violation::CountsDiffer, [format!("{state}: {rows} rows, counted {counted}")]);
    }
    let begun = "SELECT phone, attempt FROM messages WHERE campaign_id = $1::text::uuid AND phone = ANY($2)";
    let numbers: Vec<i64> = scene.said_no.iter().map(|(phone, _)| *phone).collect();
    for row in database.query(begun, &[&scene.campaign, &numbers]).await? {
        let (phone, attempt): (i64, i16) = (row.get(0), row.get(1));
        let known =
            scene.said_no.iter().filter(|(said_no, _)| *said_no == phone).map(|(_, begun)| *begun).min();
        if known.is_some_and(|known| attempt > known) {
            verdict.add(Violation::AfterOptOut, [masked(&format!("+52{phone}"))]);
        }
    }
    verdict.ledgers = of_ledgers;
    Ok(verdict)
}

/// What was asked of the provider again, which it knew by its key.
async fn asked_again(site: &Site, repeated_before: u64) -> Result<Option<String>> {
    let repeated = repeated(site).await? - repeated_before;
    Ok((repeated > 0).then(|| format!("{repeated} keys came again")))
}

/// Requests with a key that had been borne before.
pub(crate) async fn repeated(site: &Site) -> Result<u64> {
    Ok(site.summary().await?["repeated"].as_u64().unwrap_or_default())
}

/// Claims whose lease has been over for so long that somebody must have looked.
async fn claims_left(site: &Site) -> Result<Option<String>> {
    let left = "SELECT count(*) FROM claims WHERE lease_until < now() - make_interval(secs => $1)";
    let left: i64 = site.database().await?.query_one(left, &[&(LEASE * 2).as_secs_f64()]).await?.get(0);
    Ok((left > 0).then(|| format!("{left} claims")))
}

/// What is not final although there was time enough.
pub(crate) async fn unfinished(site: &Site, campaign: &str, repeated_before: u64) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    verdict.add(Violation::AskedAgain, asked_again(site, repeated_before).await?);
    verdict.add(Violation::ClaimLeft, claims_left(site).await?);
    let open = "SELECT state::text, count(*) FROM messages
                WHERE campaign_id = $1::text::uuid AND state IN ('queued', 'sending', 'sent', 'uncertain')
                GROUP BY state";
    for row in site.database().await?.query(open, &[&campaign]).await? {
        verdict.add(Violation::NotFinal, [format!("{} {}", row.get::<_, i64>(1), row.get::<_, &str>(0))]);
    }
    let progress = site.admin.progress(campaign).await?;
    let waiting = format!("the campaign is {} and waits: {}", progress["state"], progress["waiting"]);
    verdict
        .add(Violation::NotFinal, [waiting, format!("permits in the queues: {}", site.queue_depths().await)]);
    Ok(verdict)
}

/// Waits until the provider has told everything, we have looked at it, and no claim is left; what is open in spite of
/// that.
async fn unsettled(site: &mut Site, patience: Duration) -> Result<Option<String>> {
    let until = Instant::now() + patience;
    let open = "SELECT (SELECT count(*) FROM provider_events WHERE examined_at IS NULL)
                       + (SELECT count(*) FROM unsettled_receipts) + (SELECT count(*) FROM claims)";
    loop {
        site.stack.mend().await?;
        let summary = site.summary().await?;
        ensure!(summary["webhooks"]["failed"] == 0, "the provider gave a webhook up, so nothing can be said");
        let open = insist("look at what is open", async || {
            Ok(site.database().await?.query_one(open, &[]).await?.get::<_, i64>(0))
        })
        .await?;
        if open == 0 && summary["webhooks"]["pending"] == 0 {
            return Ok(None);
        }
        if Instant::now() > until {
            let pending = &summary["webhooks"]["pending"];
            return Ok(Some(format!("{open} events and claims, {pending} of the provider's")));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The ledgers, and what of the provider's is needed to lie about it.
struct Truth {
    ledgers: Ledgers,
    /// The references and numbers of messages that nothing was ever heard of.
    unheard: Vec<(String, String)>,
}

async fn ledgers(site: &Site, campaign: &str) -> Result<Truth> {
    let ledgers =
        compare_from(&site.stack.sandbox_url, &site.database().await?, campaign, site.ledger_lines).await?;
    let url = format!("{}/admin/ledger?first={}", site.stack.sandbox_url, site.ledger_lines);
    let lines: Value = reqwest::get(url).await?.json().await?;
    let simple = campaign.replace('-', "");
    let unheard =
        lines["data"].as_array().into_iter().flatten().filter(|line| line["outcome"] == "no_receipt");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let unheard = unheard
        .map(|line| (text(&line["ref"]), text(&line["to"])))
        .filter(|(reference, _)| reference.starts_with(&simple))
        .collect();
    Ok(Truth { ledgers, unheard })
}

/// Posts receipts of what nothing was heard of: for another number, and for an attempt before the last one. Both are
/// signed, and neither may change anything.
async fn lie(site: &mut Site, scene: &Scene, truth: &Truth) -> Result<()> {
    let is_first = |(reference, _): &&(String, String)| reference.ends_with("-1");
    let of_another_number = truth.unheard.iter().filter(is_first).take(LIES);
    let lies = of_another_number.map(|(reference, _)| (reference.clone(), "+525599999999".to_owned()));
    let of_an_earlier_attempt = truth.unheard.iter().filter(|unheard| !is_first(unheard)).take(LIES);
    let lies = lies.chain(of_an_earlier_attempt.filter_map(|(reference, to)| {
        let (message, _) = reference.rsplit_once('-')?;
        Some((format!("{message}-1"), to.clone()))
    }));
    for (n, (reference, to)) in lies.enumerate() {
        let event = json!({"data": {
            "record_type": "event", "event_type": "message.finalized",
            "id": format!("lie-{}-{n}", scene.campaign), "occurred_at": "2026-01-01T00:00:00Z",
            "payload": {
                "id": "by-hand", "record_type": "message", "direction": "outbound",
                "from": {"phone_number": "PREGON"}, "to": [{"phone_number": to, "status": "delivered"}], "errors": []
            }
        }});
        site.post_event(&format!("?ref={reference}"), &event).await?;
    }
    Ok(())
}

/// Has the provider say nothing of the second attempt of some messages whose first it refuses for now: what it says of
/// the first can then be a lie alone.
pub(crate) async fn silence_some(site: &Site, campaign: &str) -> Result<()> {
    let refused = "SELECT seq FROM messages
                   WHERE campaign_id = $1::text::uuid AND attempt = 0 AND state = 'queued' AND phone % 100 IN (4, 5)
                   ORDER BY seq DESC LIMIT 10";
    let rows = insist("look who will be refused", async || {
        Ok(site.database().await?.query(refused, &[&campaign]).await?)
    })
    .await?;
    for row in rows {
        let message =
            MessageId { campaign: CampaignId(campaign.parse()?), seq: row.get::<_, i32>(0).cast_unsigned() };
        let second = AttemptRef { message, attempt: 2 }.to_string();
        site.script(&json!({"ref": second, "outcome": "no_receipt"})).await?;
    }
    Ok(())
}

/// How long after the last fault a campaign may take to end: what is lost is noticed after a lease, and what hears nothing
/// ends some seconds later.
pub(crate) fn patience(messages: u32) -> Duration {
    LEASE * 4 + Duration::from_secs(40) + Duration::from_millis(20) * messages
}
