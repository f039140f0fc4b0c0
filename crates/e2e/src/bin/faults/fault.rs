//! What strikes, and how.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::End;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, RngExt as _};
use serde_json::json;
use testkit::Proxy;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::site::{LEASE, Site, insist};

/// Numbers that opt out at once.
const OPT_OUTS: i64 = 15;

/// The order in which those come first whose message goes last.
const THE_LAST: &str = "messages.seq DESC";

/// How long a paused campaign is watched.
const PAUSED_FOR: Duration = Duration::from_millis(800);

/// How long a transaction that began before something was decided is waited for.
const OLDER_PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    WorkerKilled,
    WorkerFrozen,
    WorkersFrozen,
    ApiKilled,
    BrokerKilled,
    PostgresStopped,
    RedisKilled,
    RedisEmptied,
    QueuesDeleted,
    PostgresCut,
    RedisCut,
    BrokerCut,
    ProviderCut,
    Paused,
    AccountBlocked,
    OptOuts,
    Stops,
    Listed,
}

impl Fault {
    pub(crate) const ALL: [Self; 18] = [
        Self::WorkerKilled,
        Self::WorkerFrozen,
        Self::WorkersFrozen,
        Self::ApiKilled,
        Self::BrokerKilled,
        Self::PostgresStopped,
        Self::RedisKilled,
        Self::RedisEmptied,
        Self::QueuesDeleted,
        Self::PostgresCut,
        Self::RedisCut,
        Self::BrokerCut,
        Self::ProviderCut,
        Self::Paused,
        Self::AccountBlocked,
        Self::OptOuts,
        Self::Stops,
        Self::Listed,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::WorkerKilled => "worker killed",
            Self::WorkerFrozen => "worker frozen past its lease",
            Self::WorkersFrozen => "all workers frozen, then two sweeps at once",
            Self::ApiKilled => "api killed",
            Self::BrokerKilled => "broker killed",
            Self::PostgresStopped => "postgres stopped at once",
            Self::RedisKilled => "redis killed",
            Self::RedisEmptied => "redis emptied",
            Self::QueuesDeleted => "queues deleted",
            Self::PostgresCut => "wire to postgres cut",
            Self::RedisCut => "wire to redis cut",
            Self::BrokerCut => "wire to the broker cut",
            Self::ProviderCut => "wire to the provider cut",
            Self::Paused => "paused and resumed",
            Self::AccountBlocked => "account blocked, then resumed",
            Self::OptOuts => "opt-outs by the api",
            Self::Stops => "stops by message",
            Self::Listed => "numbers listed in a register",
        }
    }
}

/// The fault of this name.
pub(crate) fn named(name: &str) -> Result<Fault, String> {
    let found = Fault::ALL.into_iter().find(|fault| fault.as_str() == name.trim());
    found.ok_or_else(|| {
        let names = Fault::ALL.map(Fault::as_str);
        format!("there is no such fault; there are {}", names.join("; "))
    })
}

/// Every fault in an order of chance, again and again: so many rounds have each.
pub(crate) struct Deck(Vec<Fault>);

impl Deck {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn deal(&mut self, faults: usize, random: &mut StdRng) -> Vec<Fault> {
        (0..faults)
            .filter_map(|_| {
                if self.0.is_empty() {
                    self.0 = Fault::ALL.to_vec();
                    self.0.shuffle(random);
                }
                self.0.pop()
            })
            .collect()
    }
}

/// A campaign that is disturbed, and what was seen of it meanwhile.
pub(crate) struct Scene {
    pub(crate) campaign: String,
    pub(crate) random: StdRng,
    /// Numbers that said no, and how many attempts had been begun for each when that was settled.
    pub(crate) said_no: Vec<(i64, i16)>,
    /// What was claimed while the campaign was paused.
    pub(crate) while_paused: Vec<String>,
    /// Faults that last, each until it is over.
    pub(crate) lasting: JoinSet<Result<()>>,
}

impl Scene {
    pub(crate) fn of(campaign: String, random: &mut StdRng) -> Self {
        use rand::SeedableRng as _;
        Self {
            campaign,
            random: StdRng::seed_from_u64(random.next_u64()),
            said_no: Vec::new(),
            while_paused: Vec::new(),
            lasting: JoinSet::new(),
        }
    }

    fn some_time(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(self.random.random_range(least_ms..=most_ms))
    }

    pub(crate) async fn strike(&mut self, site: &mut Site, fault: Fault) -> Result<()> {
        match fault {
            Fault::WorkerKilled => {
                site.stack.kill_worker().await?;
                site.stack.add_worker()?;
            }
            Fault::WorkerFrozen => {
                let pids = site.stack.worker_pids();
                self.freeze(pids.into_iter().take(1).collect()).await?;
            }
            Fault::WorkersFrozen => self.freeze(site.stack.worker_pids()).await?,
            // It is started again with whatever else has ended.
            Fault::ApiKilled => site.stack.kill_api().await?,
            Fault::BrokerKilled => self.outage(site, "rabbitmq", End::Kill),
            Fault::PostgresStopped => self.outage(site, "postgres", End::Immediately),
            Fault::RedisKilled => self.outage(site, "redis", End::Kill),
            Fault::RedisEmptied => site.flush_redis().await?,
            Fault::QueuesDeleted => site.delete_queues().await?,
            Fault::PostgresCut => self.cut(&site.wires.postgres),
            Fault::RedisCut => self.cut(&site.wires.redis),
            Fault::BrokerCut => self.cut(&site.wires.rabbitmq),
            Fault::ProviderCut => self.cut(&site.wires.provider),
            Fault::Paused => self.pause(site).await?,
            Fault::AccountBlocked => self.block(site).await?,
            Fault::OptOuts => self.opt_out(site).await?,
            Fault::Stops => self.stop(site).await?,
            Fault::Listed => self.list(site).await?,
        }
        Ok(())
    }

    fn outage(&mut self, site: &Site, server: &'static str, how: End) {
        let away = self.some_time(0, 1_500);
        self.lasting.spawn(site.outage(server, how, away));
    }

    /// Severs a wire for a while; or lets it fall silent, and then severs what it held, so that nobody knows what of it
    /// arrived.
    fn cut(&mut self, wire: &Arc<Proxy>) {
        let (wire, lasts) = (Arc::clone(wire), self.some_time(500, 3_000));
        let falls_silent = self.random.random_bool(0.4);
        self.lasting.spawn(async move {
            if falls_silent {
                wire.stall();
            } else {
                wire.sever();
            }
            sleep(lasts).await;
            wire.cut();
            wire.resume();
            Ok(())
        });
    }

    async fn freeze(&mut self, pids: Vec<u32>) -> Result<()> {
        signal("-STOP", &pids).await?;
        let lasts = LEASE + self.some_time(200, 1_200);
        self.lasting.spawn(async move {
            sleep(lasts).await;
            signal("-CONT", &pids).await
        });
        Ok(())
    }

    /// Pauses the campaign, sees that nothing is claimed, and resumes it.
    async fn pause(&mut self, site: &mut Site) -> Result<()> {
        let path = |what: &str| format!("/campaigns/{}/{what}", self.campaign);
        // It is paused already when the answer of the first request was lost.
        site.ask(&path("pause"), None, &[202, 409]).await?;
        let database = site.database().await?;
        let watched: Result<()> = async {
            older_transactions_ended(&database).await?;
            let claimed = self.claims_begun(&database).await?;
            sleep(PAUSED_FOR).await;
            let then = self.claims_begun(&database).await?;
            if let (Some(before), Some(after)) = (claimed, then)
                && before != after
            {
                self.while_paused.push(format!("{} attempts were begun", after - before));
            }
            Ok(())
        }
        .await;
        // Another fault took the database away: there is nothing to be said.
        drop(watched);
        self.resume(site).await
    }

    /// Attempts that were begun of all messages; nothing unless the campaign is paused.
    async fn claims_begun(&self, database: &tokio_postgres::Client) -> Result<Option<i64>> {
        let sum = "SELECT sum(messages.attempt)::bigint FROM messages
                   JOIN campaigns ON campaigns.id = messages.campaign_id AND campaigns.state = 'paused'
                   WHERE messages.campaign_id = $1::text::uuid";
        Ok(database.query_one(sum, &[&self.campaign]).await?.get(0))
    }

    /// Resumes the campaign if it is paused.
    pub(crate) async fn resume(&self, site: &mut Site) -> Result<()> {
        let path = format!("/campaigns/{}/resume", self.campaign);
        site.ask(&path, None, &[202, 409]).await.map(drop)
    }

    /// Has the provider block the account, until the campaign is paused for it.
    async fn block(&mut self, site: &mut Site) -> Result<()> {
        // One whose turn comes soon.
        let Some((phone, _)) = self.waiting(site, "messages.seq OFFSET 300", 1).await?.pop() else {
            return Ok(());
        };
        let number = format!("+52{phone}");
        site.script(&json!({"to": number, "outcome": "spend_limit"})).await?;
        let database = site.database().await?;
        let until = Instant::now() + Duration::from_secs(4);
        let state = "SELECT state FROM campaigns WHERE id = $1::text::uuid";
        while Instant::now() < until {
            let row = database.query_one(state, &[&self.campaign]).await;
            if row.is_ok_and(|row| row.get::<_, &str>(0) == "paused") {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        // Gone for good, if it was one of few that had an outcome by script.
        site.script(&json!({"to": number, "outcome": null})).await?;
        // What was refused before that may still pause it.
        sleep(Duration::from_millis(300)).await;
        self.resume(site).await
    }

    async fn opt_out(&mut self, site: &mut Site) -> Result<()> {
        let mut said_no = Vec::new();
        for (phone, contact) in self.waiting(site, THE_LAST, OPT_OUTS).await? {
            let path = format!("/contacts/{contact}/opt-out");
            let said = json!({"channel": "phone", "reason": "does not want any more"});
            site.ask(&path, Some(&said), &[200]).await?;
            said_no.push(phone);
        }
        self.note(site, said_no).await
    }

    async fn stop(&mut self, site: &mut Site) -> Result<()> {
        let mut said_no = Vec::new();
        for (phone, _) in self.waiting(site, THE_LAST, OPT_OUTS).await? {
            let event = json!({"data": {
                "record_type": "event", "event_type": "message.received",
                "id": format!("stop-{:016x}", self.random.next_u64()), "occurred_at": "2026-01-01T00:00:00Z",
                "payload": {
                    "id": "by-hand", "record_type": "message", "direction": "inbound", "text": "ALTO",
                    "from": {"phone_number": format!("+52{phone}")}, "to": [{"phone_number": "PREGON"}], "errors": []
                }
            }});
            site.post_event("", &event).await?;
            said_no.push(phone);
        }
        self.note(site, said_no).await
    }

    /// A register comes in with numbers that wait. Nobody looks for their messages: only their claims do.
    async fn list(&mut self, site: &mut Site) -> Result<()> {
        let waiting = self.waiting(site, THE_LAST, OPT_OUTS).await?;
        let said_no: Vec<i64> = waiting.into_iter().map(|(phone, _)| phone).collect();
        if said_no.is_empty() {
            // All are claimed already: nobody is left for a register to keep from being written to.
            return Ok(());
        }
        let numbers: Vec<String> = said_no.iter().map(i64::to_string).collect();
        let list = json!({"source": "manual", "numbers": numbers});
        site.ask("/suppressions/imports", Some(&list), &[200]).await?;
        self.note(site, said_no).await
    }

    /// Numbers that wait for their message, in this order, and their contacts.
    async fn waiting(&self, site: &Site, order: &str, numbers: i64) -> Result<Vec<(i64, i64)>> {
        let waiting = format!(
            "SELECT messages.phone, contacts.id
                       FROM messages JOIN contacts ON contacts.phone_national = messages.phone
                       WHERE messages.campaign_id = $1::text::uuid AND messages.state = 'queued' AND messages.attempt = 0
                         AND messages.phone % 100 > 40
                       ORDER BY {order} LIMIT $2"
        );
        insist("look who waits", async || {
            let rows = site.database().await?.query(&waiting, &[&self.campaign, &numbers]).await?;
            Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
        })
        .await
    }

    /// Notes that these said no: no attempt may be begun for them any more.
    async fn note(&mut self, site: &Site, said_no: Vec<i64>) -> Result<()> {
        let begun = "SELECT phone, attempt FROM messages
                     WHERE campaign_id = $1::text::uuid AND phone = ANY($2)";
        let rows = insist("look who said no", async || {
            let database = site.database().await?;
            older_transactions_ended(&database).await?;
            Ok(database.query(begun, &[&self.campaign, &said_no]).await?)
        })
        .await?;
        self.said_no.extend(rows.iter().map(|row| (row.get::<_, i64>(0), row.get::<_, i16>(1))));
        Ok(())
    }
}

/// Waits until every statement that had begun by now has ended: what it saw was before what we know.
async fn older_transactions_ended(database: &tokio_postgres::Client) -> Result<()> {
    let now: std::time::SystemTime = database.query_one("SELECT clock_timestamp()", &[]).await?.get(0);
    let older = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                   AND state = 'active' AND xact_start <= $1";
    let until = Instant::now() + OLDER_PATIENCE;
    while database.query_one(older, &[&now]).await?.get::<_, i64>(0) > 0 {
        ensure!(Instant::now() < until, "a statement takes too long");
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Sends a signal to processes; those that are gone are none's business.
async fn signal(signal: &str, pids: &[u32]) -> Result<()> {
    for pid in pids {
        Command::new("kill")
            .args([signal, &pid.to_string()])
            .stderr(std::process::Stdio::null())
            .status()
            .await?;
    }
    Ok(())
}
