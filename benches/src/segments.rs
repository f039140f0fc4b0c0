//! `bench segments`: what a marketing team asks all day, over all contacts of a file.
//!
//! The database is made once for each number of rows and kept. Values come from the contacts themselves, so that every query
//! matches somebody; each line says how many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use application::{CountContacts, FoundTotal, KeptCounts, PartsOfPhones, PreviewSegment, SearchContacts};
use cache_redis::{RedisCache, RedisOptions};
use domain::campaign::UnknownLineTypes;
use domain::census::CountedBy;
use domain::extract::{ExtractFormat, ExtractId, ExtractPlan, Pick};
use domain::port::{
    AudienceStore, Cache, ContactCensus, ContactFilter, ExtractOrder, ExtractStore, SegmentCount,
    TakenExtract,
};
use domain::request::Envelope;
use domain::segment::SegmentDefinition;
use e2e::{ScratchDatabase, Servers, Tools};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store_postgres::{
    Database, DatabaseOptions, DispatchOptions, PostgresAudienceStore, PostgresContactCensus,
    PostgresContactSearch, PostgresExtractStore, SendingRules,
};
use system::SystemClock;
use tokio_postgres::Client;

use crate::import::contact_file;
use crate::load;
use crate::quantiles::Quantiles;

/// Queries of each kind.
const QUERIES: usize = 200;
/// Extracts of each kind.
const EXTRACTS: u128 = 10;
/// Who search at the same time, and for how long.
const SEARCHERS: usize = 50;
const SEARCHING: Duration = Duration::from_secs(30);
/// How long they look at what they found: people, and then programs.
const PACES: [(&str, Duration); 2] = [
    ("50 people search, each every ten seconds, while a million rows are imported", Duration::from_secs(10)),
    (
        "50 programs search, each twice a second, while a million rows are imported",
        Duration::from_millis(500),
    ),
];
/// Rows that are imported elsewhere on the same server meanwhile.
const IMPORTED_ROWS: u64 = 1_000_000;
/// No limit that matters here.
const AS_LONG_AS_IT_TAKES: Duration = Duration::from_mins(5);

/// What is asked, over one database.
struct Desk {
    /// With what was counted kept in Redis.
    keeping: CountContacts,
    census: Arc<dyn ContactCensus>,
    extracts: PostgresExtractStore,
    search: SearchContacts,
    preview: PreviewSegment,
}

impl Desk {
    fn new(url: &str, redis_url: &str) -> Result<Self> {
        let database = Database::new(&DatabaseOptions {
            url: url.to_owned(),
            application_name: "pregon-bench".to_owned(),
            pool_size_max: 16,
            connect_timeout: Duration::from_secs(5),
            wait_timeout: Duration::from_mins(1),
            statement_timeout: AS_LONG_AS_IT_TAKES,
        })?;
        let engine = DispatchOptions {
            worker: "bench".to_owned(),
            shard: -1,
            claim_messages_max: 1,
            lease: Duration::from_mins(1),
            pace_ahead: Duration::from_secs(1),
            receipt_deadline: Duration::from_mins(1),
            outcome_deadline: Duration::from_mins(1),
            revive_after: Duration::from_mins(1),
            permits_per_campaign: 1,
            rematch_after: Duration::from_secs(10),
            rematch_for: Duration::from_hours(24),
            rules: SendingRules::default(),
        };
        let audiences: Arc<dyn AudienceStore> =
            Arc::new(PostgresAudienceStore::new(database.clone(), engine));
        let census: Arc<dyn ContactCensus> = Arc::new(PostgresContactCensus::new(database.clone()));
        let cache: Arc<dyn Cache> = Arc::new(RedisCache::new(RedisOptions {
            url: redis_url.to_owned(),
            prefix: "pregon-bench".to_owned(),
            connect_timeout: Duration::from_secs(1),
            command_timeout: Duration::from_millis(500),
            value_bytes_max: 262_144,
        }));
        Ok(Self {
            keeping: CountContacts {
                census: Arc::clone(&census),
                kept: KeptCounts {
                    census: Arc::clone(&census),
                    cache: Some(cache),
                    keep_for: Duration::from_secs(30),
                },
                clock: Arc::new(SystemClock),
            },
            preview: PreviewSegment {
                census: Arc::clone(&census),
                audiences,
                // What is measured is counting.
                kept: KeptCounts { census: Arc::clone(&census), cache: None, keep_for: Duration::ZERO },
                count_for: Duration::from_millis(500),
            },
            census,
            extracts: PostgresExtractStore::new(database.clone(), Duration::from_secs(25)),
            search: SearchContacts {
                search: Arc::new(PostgresContactSearch::new(database, Duration::from_secs(2))),
            },
        })
    }

    /// Previews a segment, as the API does.
    async fn previewed(&self, definition: &str) -> Result<u64> {
        Ok(match self.preview.execute(segment(definition)?).await?.count {
            SegmentCount::Exact(by_state) => by_state.values().sum(),
            SegmentCount::Total(n) | SegmentCount::Estimated(n) => n,
        })
    }

    /// The first page of a search, and how many there are, as far as that is counted.
    async fn found(&self, text: &str) -> Result<u64> {
        let page = (None, 50);
        let found =
            self.search.execute(text, ContactFilter::default(), page, PartsOfPhones::Searched).await?;
        Ok(match found.total {
            FoundTotal::Exact(n) | FoundTotal::AtLeast(n) => n.into(),
        })
    }

    async fn taken(&self, n: u128, definition: &str, numbers: u32) -> Result<u64> {
        let now = now();
        let definition = segment(definition)?;
        let order = ExtractOrder {
            id: ExtractId(id_of(now, n)),
            segment: definition.check()?,
            plan: ExtractPlan {
                segment: definition,
                saved_segment: None,
                numbers,
                pick: Pick::Random,
                unused_within_days: 1,
                format: ExtractFormat::Csv,
                seeds: 0,
                unknown_line_types: UnknownLineTypes::Allow,
            },
            expires_at: now + SignedDuration::from_hours(1),
            numbers_max: u64::MAX,
            counted_since: now,
        };
        match self.extracts.take(order, Envelope::of_program("bench", now)).await? {
            TakenExtract::New(extract) => Ok(extract.numbers.into()),
            refused @ (TakenExtract::Only(_) | TakenExtract::OverLimit(_)) => {
                Err(anyhow!("an extract was refused: {refused:?}"))
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is its own clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn id_of(now: Timestamp, n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128((u128::from(now.as_microsecond().unsigned_abs()) << 48) | n)
}

fn segment(definition: &str) -> Result<SegmentDefinition> {
    serde_json::from_str(definition).context("a definition of the benchmark is none")
}

/// What was measured of one kind of query.
struct Kind {
    name: &'static str,
    /// Our goal, and the plan's limit, in milliseconds.
    goal_ms: Option<f64>,
    limit_ms: Option<f64>,
}

impl Kind {
    /// Asks one after the other.
    async fn measure<Q>(&self, asked: &[Q], ask: impl AsyncFn(usize, &Q) -> Result<u64>) -> Result<Value> {
        let load_before = load::averages();
        let (mut took, mut rows) = (Vec::new(), Vec::new());
        for (n, one) in asked.iter().enumerate() {
            let started = Instant::now();
            rows.push(ask(n, one).await.with_context(|| format!("{} was not answered", self.name))?);
            took.push(started.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(self.line(took, rows, load_before.as_deref()))
    }

    fn line(&self, took: Vec<f64>, mut rows: Vec<u64>, load_before: Option<&str>) -> Value {
        let took = Quantiles::of(took);
        rows.sort_unstable();
        let p95 = took.at(950);
        json!({
            "bench": "segments", "query": self.name, "queries": took.len(),
            "p50_ms": took.at(500), "p95_ms": p95, "max_ms": took.at(1_000),
            "rows_min": rows.first(), "rows_median": rows.get(rows.len() / 2), "rows_max": rows.last(),
            "goal_p95_ms": self.goal_ms, "ratio": p95.zip(self.goal_ms).map(|(p95, goal)| p95 / goal),
            "plan_limit_ms": self.limit_ms,
            "load_average_before": load_before, "load_average_after": load::averages(),
        })
    }
}

const fn kind(name: &'static str, goal_ms: f64, limit_ms: f64) -> Kind {
    Kind { name, goal_ms: Some(goal_ms), limit_ms: Some(limit_ms) }
}

/// Measures all of it; each line is told as soon as it is known.
pub(crate) async fn measure(rows: u64, tell: impl Fn(&Value)) -> Result<()> {
    let servers = Servers::from_environment()?;
    let database = ScratchDatabase::kept(&servers.database_url, &format!("pregon_segments_{rows}"))?;
    let tools = Tools::beside_this_one(&database.url)?;
    fill(&database, &tools, rows).await?;
    let client = database.connect().await?;
    let desk = Arc::new(Desk::new(&database.url, &servers.redis_url)?);
    counts(&desk, &client, &tell).await?;
    let asked = Searches::drawn(&client).await?;
    for (kind, texts) in asked.kinds() {
        tell(&kind.measure(texts, async |_, text| desk.found(text).await).await?);
    }
    extracts(&desk, &client, &tell).await?;
    for pace in PACES {
        tell(&at_once(&desk, &asked, &servers, pace).await?);
    }
    Ok(())
}

/// Imports the file, if the database is not there yet.
pub(crate) async fn fill(database: &ScratchDatabase, tools: &Tools, rows: u64) -> Result<()> {
    tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
    let client = database.connect().await?;
    let imported = client.query("SELECT FROM imports WHERE state = 'completed'", &[]).await?;
    if imported.is_empty() {
        let file = contact_file(tools, rows).await?;
        tools.run("migrator", &["import", &file.to_string_lossy(), "--json"], "", |_| {}).await?;
    }
    Ok(())
}

async fn texts(client: &Client, query: &str) -> Result<Vec<String>> {
    Ok(client.query(query, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// So many, the same ones over and over where there are fewer.
fn repeated(of: &[String]) -> Vec<String> {
    of.iter().cycle().take(if of.is_empty() { 0 } else { QUERIES }).cloned().collect()
}

/// Definitions of segments of about a size, by area code, city or state.
async fn definitions(client: &Client, from: u64, to: u64) -> Result<Vec<String>> {
    let query = format!(
        "SELECT json_build_object('all', json_build_array(
                    json_build_object('field', dimension, 'op', 'eq', 'value', key),
                    json_build_object('field', 'is_valid', 'op', 'eq', 'value', true)))::text
         FROM contact_counts_now WHERE key IS NOT NULL
         GROUP BY dimension, key HAVING sum(contacts) BETWEEN {from} AND {to} ORDER BY random() LIMIT {QUERIES}"
    );
    Ok(repeated(&texts(client, &query).await?))
}

async fn counts(desk: &Desk, client: &Client, tell: impl Fn(&Value)) -> Result<()> {
    let states = texts(
        client,
        "SELECT json_build_object('all', json_build_array(
                    json_build_object('field', 'state', 'op', 'in', 'value', json_build_array(a.key, b.key)),
                    json_build_object('field', 'line_type', 'op', 'ne', 'value', 'fixed')))::text
         FROM (SELECT DISTINCT key FROM contact_counts_now WHERE dimension = 'state' AND key IS NOT NULL) AS a,
              (SELECT DISTINCT key FROM contact_counts_now WHERE dimension = 'state' AND key IS NOT NULL) AS b
         ORDER BY random() LIMIT 200",
    )
    .await?;
    let by_cube = kind("a segment of states and line types, from the cube, with a sample", 20.0, 500.0);
    tell(&by_cube.measure(&states, async |_, one| desk.previewed(one).await).await?);
    let names: Vec<CountedBy> = CountedBy::ALL.into_iter().cycle().take(QUERIES).collect();
    let all_counts = kind("contacts by state, area code, city, line type, status, counted", 5.0, 500.0);
    let census = &desk.census;
    let counted = async |_, by: &CountedBy| {
        let cells = census.cells(by.dimension()).await?;
        Ok(domain::census::count(&cells, *by).iter().map(|count| count.total).sum())
    };
    tell(&all_counts.measure(&names, counted).await?);
    let kept_counts = kind("the same, kept in the cache", 5.0, 500.0);
    let kept = async |_, by: &CountedBy| {
        Ok(desk.keeping.execute(*by).await?.counts.iter().map(|count| count.total).sum())
    };
    tell(&kept_counts.measure(&names, kept).await?);
    for (name, goal, limit, from, to) in [
        ("a segment of an area code or city, about 200,000", 20.0, 500.0, 100_000, 300_000),
        ("a segment of an area code or city, about 600,000", 40.0, 500.0, 400_000, 900_000),
        ("a segment of an area code or state, more than 2 million", 300.0, 2_000.0, 2_000_000, 10_000_000),
    ] {
        let asked = definitions(client, from, to).await?;
        tell(&kind(name, goal, limit).measure(&asked, async |_, one| desk.previewed(one).await).await?);
    }
    Ok(())
}

/// What is searched for.
struct Searches {
    phones: Vec<String>,
    ends: Vec<String>,
    rare: Vec<String>,
    common: Vec<String>,
    addresses: Vec<String>,
}

impl Searches {
    async fn drawn(client: &Client) -> Result<Self> {
        let drawn = |what: &str, where_: &str| {
            format!(
                "SELECT {what} FROM (SELECT (random() * (SELECT max(id) FROM contacts))::bigint AS id
                                     FROM generate_series(1, 2000)) AS drawn
                 JOIN contacts USING (id) WHERE {where_} LIMIT {QUERIES}"
            )
        };
        let named = "full_name ~ '^[A-Za-zÁ-ú]+ [A-Za-zÁ-ú]+ [A-Za-zÁ-ú]+'";
        Ok(Self {
            phones: texts(client, &drawn("phone_e164", "true")).await?,
            ends: texts(client, &drawn("right(phone_e164, 6)", "true")).await?,
            rare: texts(client, &drawn("full_name", named)).await?,
            common: texts(client, &drawn("split_part(full_name, ' ', 1)", named)).await?,
            addresses: texts(
                client,
                // As many words as a search may have.
                &drawn(
                    "array_to_string((regexp_split_to_array(trim(regexp_replace(address, '[^[:alnum:]]+', ' ', 'g')), ' '))[1:8], ' ')",
                    "length(address) > 8",
                ),
            )
            .await?,
        })
    }

    fn kinds(&self) -> [(Kind, &[String]); 5] {
        [
            (kind("a whole phone", 2.0, 200.0), &self.phones),
            (kind("the last six digits of a phone", 20.0, 200.0), &self.ends),
            (kind("a whole name", 20.0, 200.0), &self.rare),
            (kind("one word of a name, first page", 20.0, 200.0), &self.common),
            (kind("a whole address", 20.0, 200.0), &self.addresses),
        ]
    }
}

async fn extracts(desk: &Desk, client: &Client, tell: impl Fn(&Value)) -> Result<()> {
    // What another run handed out must not be missing from this one.
    client.batch_execute("TRUNCATE extract_numbers, extracts, contact_activity").await?;
    let everybody = vec![r#"{"all":[]}"#.to_owned()];
    let large = definitions(client, 400_000, 4_000_000).await?;
    let (thousand, hundred_thousand) = (1_000, 100_000);
    for (name, goal_ms, numbers, definitions) in [
        ("an extract of 1,000 at random, of some 400,000 to 4 million", None, thousand, &large),
        (
            "an extract of 100,000 at random, of some 400,000 to 4 million",
            Some(3_000.0),
            hundred_thousand,
            &large,
        ),
        ("an extract of 100,000 at random, of everybody", Some(3_000.0), hundred_thousand, &everybody),
    ] {
        let asked: Vec<(u128, &String)> = (0..EXTRACTS).zip(definitions.iter().cycle()).collect();
        let kind = Kind { name, goal_ms, limit_ms: None };
        let salt = u128::from(numbers) << 8;
        tell(&kind.measure(&asked, async |_, (n, one)| desk.taken(salt | n, one, numbers).await).await?);
    }
    Ok(())
}

/// Many search while a file is imported into another database of the same server.
async fn at_once(
    desk: &Arc<Desk>,
    asked: &Searches,
    servers: &Servers,
    (name, pace): (&'static str, Duration),
) -> Result<Value> {
    let load_before = load::averages();
    let database = ScratchDatabase::dropped(&servers.database_url, "pregon_bench").await?;
    let tools = Tools::beside_this_one(&database.url)?;
    let file = contact_file(&tools, IMPORTED_ROWS).await?;
    tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
    let is_over = Arc::new(AtomicBool::new(false));
    let texts: Arc<Vec<String>> = Arc::new(
        (0..QUERIES)
            .flat_map(|n| asked.kinds().into_iter().filter_map(move |(_, texts)| texts.get(n).cloned()))
            .collect(),
    );
    let mut searchers = tokio::task::JoinSet::new();
    for searcher in 0..SEARCHERS {
        let (desk, texts, is_over) = (Arc::clone(desk), Arc::clone(&texts), Arc::clone(&is_over));
        searchers.spawn(async move {
            let (mut took, mut rows, mut refused) = (Vec::new(), Vec::new(), 0_u64);
            let mut n = searcher * 7;
            // Nobody begins when all others do.
            tokio::time::sleep(pace * u32::try_from(searcher).unwrap_or_default() / 50).await;
            while !is_over.load(Ordering::Relaxed) {
                let started = Instant::now();
                // What takes too long is refused, which is an answer that people wait for as well.
                match desk.found(&texts[n % texts.len()]).await {
                    Ok(found) => rows.push(found),
                    Err(_) => refused += 1,
                }
                took.push(started.elapsed().as_secs_f64() * 1_000.0);
                n += 1;
                tokio::time::sleep(pace).await;
            }
            (took, rows, refused)
        });
    }
    let path = file.to_string_lossy();
    let arguments = ["import", &path, "--json"];
    let import = tools.run("migrator", &arguments, "", |_| {});
    let (import, ()) = tokio::join!(import, tokio::time::sleep(SEARCHING));
    import?;
    is_over.store(true, Ordering::Relaxed);
    let (mut took, mut rows, mut refused) = (Vec::new(), Vec::new(), 0);
    for (some, of, not) in searchers.join_all().await {
        took.extend(some);
        rows.extend(of);
        refused += not;
    }
    let mut line = kind(name, 100.0, 200.0).line(took, rows, load_before.as_deref());
    line["refused"] = refused.into();
    Ok(line)
}
