//! Mistakes that the engine makes on purpose, each of which the proof must find.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::rounds::{self, Round};
use crate::site::Site;
use crate::verdict::Violation;

/// Messages of a round; a small one shows it.
const MESSAGES: u32 = 1_200;

/// Slow enough that somebody still waits when a fault strikes.
const RATE_PER_S: f64 = 300.0;

/// How long a round may take to end, longer than any that is not mutated does.
const PATIENCE: Duration = Duration::from_secs(40);

/// Rounds that a mutant may live through.
const ROUNDS_MAX: u32 = 4;

/// The name by which the programs know each mistake, what it is, which faults bring it to light, and as what.
const MUTANTS: [(&str, &str, &[Fault], Violation); 8] = [
    (
        "post-before-commit",
        "posts before the claim commits",
        &[Fault::WorkerKilled; 5],
        Violation::AskedAgain,
    ),
    ("no-attempt", "takes evidence of any attempt", &[], Violation::Misjudged),
    ("no-rank", "lets a receipt lower the rank", &[], Violation::Misjudged),
    ("retry-unknown", "tries again after a time-out", &[], Violation::AcceptedTwice),
    (
        "no-sweep",
        "never looks for lost claims",
        &[Fault::WorkerKilled, Fault::WorkerKilled],
        Violation::ClaimLeft,
    ),
    ("any-phone", "matches receipts by their reference alone", &[], Violation::Misjudged),
    ("pause-no-lane", "pauses without stopping the lanes", &[Fault::Paused; 3], Violation::WhilePaused),
    (
        "no-suppression",
        "claims without looking who said no",
        &[Fault::Listed, Fault::Listed],
        Violation::AfterOptOut,
    ),
];

/// Lets each live until it is found.
pub(crate) async fn find(seed: u64, json: bool) -> Result<()> {
    let own = rounds::servers("mutants").await?;
    let mut survivors = Vec::new();
    let mut lines = Vec::new();
    for (number, (name, mistake, faults, sign)) in MUTANTS.into_iter().enumerate() {
        let started = Instant::now();
        let database = format!("mutant_{number}");
        let mut site = Site::build(&own, &database, MESSAGES, RATE_PER_S, (Some(name), "off")).await?;
        let mut random = StdRng::seed_from_u64(seed);
        let (mut found, mut others) = (None, BTreeSet::new());
        for played in 1..=ROUNDS_MAX {
            let round = Round { faults: faults.to_vec(), messages: MESSAGES, patience: PATIENCE };
            let verdict = rounds::play(&mut site, &round, &mut random).await?;
            // A machine that is too slow is none.
            if verdict.violations.contains_key(&sign) {
                let kinds = verdict
                    .violations
                    .iter()
                    .map(|(kind, found)| format!("{} {}", found.len(), kind.as_str()));
                found = Some((played, kinds.collect::<Vec<_>>().join(", ")));
                break;
            }
            others.extend(verdict.violations.into_keys().map(Violation::as_str));
        }
        let seconds = started.elapsed().as_secs_f64();
        match &found {
            Some((round, by)) => {
                eprintln!("found     {mistake:<44} in round {round}, {seconds:>5.1} s: {by}");
            }
            None => eprintln!(
                "SURVIVED  {mistake:<44} {ROUNDS_MAX} rounds, {seconds:.1} s: all that was seen is {others:?}"
            ),
        }
        lines.push(json!({"mutant": name, "found_by": found.as_ref().map(|(_, by)| by), "seconds": seconds}));
        if found.is_none() {
            survivors.push(mistake);
        }
    }
    if json {
        println!("{}", json!({"proof": "mutants", "seed": seed, "mutants": lines}));
    }
    ensure!(survivors.is_empty(), "of the mutants of seed {seed} these live: {}", survivors.join(", "));
    Ok(())
}
