//! Campaign after campaign, each disturbed, and the table of what came of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use e2e::OwnServers;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::Arguments;
use crate::fault::{Deck, Fault, Scene};
use crate::site::{Site, binaries};
use crate::tally::Tally;
use crate::verdict::{self, Verdict};

/// Faults of a round: five rounds deal every one.
const FAULTS_AT_ONCE: usize = Fault::ALL.len().div_ceil(5);

/// Messages that go out in a second; the faults strike while they do.
const MESSAGES_PER_SECOND: u32 = 700;

/// How often it is looked whether something ended that must run.
const MEND_INTERVAL: Duration = Duration::from_millis(200);

/// A round, and what it shall be like.
pub(crate) struct Round {
    pub(crate) faults: Vec<Fault>,
    pub(crate) messages: u32,
    /// How long after its last fault the campaign may take to end.
    pub(crate) patience: Duration,
}

/// Runs so many rounds, and prints the table.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let own = servers("faults").await?;
    let mut site = Site::build(
        &own,
        "faults",
        arguments.messages,
        f64::from(MESSAGES_PER_SECOND),
        (None, &arguments.log),
    )
    .await?;
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let (mut deck, mut tally) = (Deck::new(), Tally::default());
    let started = Instant::now();
    for number in 1..=arguments.rounds {
        let faults = match arguments.only.as_slice() {
            [] => deck.deal(FAULTS_AT_ONCE, &mut random),
            only => only.to_vec(),
        };
        let names = faults.iter().map(|fault| fault.as_str()).collect::<Vec<_>>().join(", ");
        let patience = verdict::patience(arguments.messages);
        let round = Round { faults, messages: arguments.messages, patience };
        let began = Instant::now();
        let verdict = play(&mut site, &round, &mut random)
            .await
            .with_context(|| format!("round {number} of seed {} ({names})", arguments.seed))?;
        eprintln!(
            "round {number:>3}  {:>5.1} s  {:>6} messages, {:>6} accepted  {names}",
            began.elapsed().as_secs_f64(),
            verdict.ledgers.messages(),
            verdict.ledgers.accepted_numbers,
        );
        tally.add(&round.faults, &verdict);
        if !verdict.is_clean() {
            eprint!("{tally}");
            bail!("round {number} of seed {} ({names}) came out otherwise:{verdict}", arguments.seed);
        }
    }
    eprint!("{tally}");
    let seconds = started.elapsed().as_secs_f64();
    eprintln!(
        "{} rounds of {} messages with seed {} in {seconds:.0} s: nobody twice, nobody lost",
        arguments.rounds, arguments.messages, arguments.seed
    );
    if arguments.json {
        let line = json!({
            "proof": "faults", "rounds": arguments.rounds, "messages": arguments.messages, "seed": arguments.seed,
            "seconds": seconds, "faults": tally.to_json(),
        });
        println!("{line}");
    }
    Ok(())
}

pub(crate) async fn servers(name: &'static str) -> Result<Arc<OwnServers>> {
    let binaries = binaries()?;
    Ok(Arc::new(spawn_blocking(move || OwnServers::start(&binaries, name)).await??))
}

/// One campaign from its draft to the verdict.
pub(crate) async fn play(site: &mut Site, round: &Round, random: &mut StdRng) -> Result<Verdict> {
    site.refresh().await?;
    let repeated = verdict::repeated(site).await?;
    let campaign = site.admin.draft("Prueba", &json!({"all": []}), round.messages.into()).await?;
    site.admin.launch(&campaign).await?;
    let is_frozen = |progress: &Value| progress["state"] != "preparing";
    site.admin.until(&campaign, round.patience, is_frozen).await?;
    verdict::silence_some(site, &campaign).await?;
    let mut scene = Scene::of(campaign, random);

    let span = Duration::from_secs(1) + Duration::from_secs(1) * round.messages / MESSAGES_PER_SECOND;
    let mut moments: Vec<(Duration, Fault)> =
        round.faults.iter().map(|fault| (span.mul_f64(random.random::<f64>()), *fault)).collect();
    moments.sort_unstable();
    let began = Instant::now();
    for (moment, fault) in moments {
        while began.elapsed() < moment {
            sleep(MEND_INTERVAL.min(moment.saturating_sub(began.elapsed()))).await;
            site.stack.mend().await?;
        }
        scene.strike(site, fault).await.with_context(|| format!("cannot bring about: {}", fault.as_str()))?;
    }
    while let Some(over) = scene.lasting.try_join_next() {
        over??;
    }
    if !ends(site, &mut scene, round.patience).await? {
        return verdict::unfinished(site, &scene.campaign, repeated).await;
    }
    verdict::reach(site, &scene, repeated, round.patience).await
}

/// Whether the campaign ends within so long after the last fault is over.
async fn ends(site: &mut Site, scene: &mut Scene, patience: Duration) -> Result<bool> {
    let mut until = Instant::now() + patience;
    while Instant::now() < until {
        site.stack.mend().await?;
        while let Some(over) = scene.lasting.try_join_next() {
            over??;
            until = Instant::now() + patience;
        }
        if let Ok(progress) = site.admin.progress(&scene.campaign).await {
            if progress["state"] == "completed" && scene.lasting.is_empty() {
                return Ok(true);
            }
            if progress["state"] == "paused" {
                scene.resume(site).await?;
            }
        }
        sleep(MEND_INTERVAL).await;
    }
    Ok(false)
}
