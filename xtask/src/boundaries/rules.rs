//! Which crate may depend on which: the architecture's arrows, as a table.

/// A crate of the workspace and those of ours that it may depend on.
pub(super) struct Room {
    pub(super) name: &'static str,
    /// As an ordinary or a build dependency; tests may use these too.
    pub(super) may_use: &'static [&'static [&'static str]],
    /// In tests alone, besides `testkit`, which every test may use.
    pub(super) tests_may_use: &'static [&'static [&'static str]],
}

/// A crate from outside that not everybody may depend on.
pub(super) struct Watched {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
}

/// Who may depend on a watched crate.
pub(super) enum Rule {
    /// These rooms alone, be it in tests.
    Only(&'static [&'static str]),
    /// Every room but these; what is compiled for tests alone is free.
    NeverIn(&'static [&'static str]),
}

const DOMAIN: &[&str] = &["domain"];
const CORE: &[&str] = &["domain", "application"];
const ADAPTERS: &[&str] = &[
    "store-postgres",
    "cache-redis",
    "queue-rabbitmq",
    "source-sqlite",
    "backup-files",
    "gateway-telnyx",
    "gateway-smpp",
    "http-actix",
    "console-actix",
    "credentials",
    "system",
];
const SUPPORT: &[&str] = &["settings", "telemetry"];
const SANDBOX: &[&str] = &["telnyx-sandbox"];
const NOTHING: &[&[&str]] = &[];

/// The crate that only tests may use, and the one room that is nothing but tests.
pub(super) const TESTKIT: &str = "testkit";

/// The room that drives the built binaries from outside; the benchmarks share what it knows.
const E2E: &str = "e2e";

/// Rooms that depend on nothing at all, not even from outside.
pub(super) const BARE: &[&str] = &["xtask"];

/// Every crate of the workspace has its row.
pub(super) const ROOMS: &[Room] = &[
    room("domain", NOTHING, NOTHING),
    room("application", &[DOMAIN], NOTHING),
    room("store-postgres", &[DOMAIN], &[CORE]),
    room("cache-redis", &[DOMAIN], NOTHING),
    room("queue-rabbitmq", &[DOMAIN], NOTHING),
    room("source-sqlite", &[DOMAIN], NOTHING),
    room("backup-files", &[DOMAIN], NOTHING),
    room("gateway-telnyx", &[DOMAIN], &[SANDBOX]),
    room("gateway-smpp", &[DOMAIN], NOTHING),
    room("http-actix", &[CORE], NOTHING),
    room("console-actix", &[CORE], NOTHING),
    room("credentials", &[DOMAIN], NOTHING),
    room("system", &[DOMAIN], NOTHING),
    room("settings", &[DOMAIN], NOTHING),
    room("telemetry", NOTHING, NOTHING),
    room("telnyx-sandbox", &[DOMAIN, SUPPORT], NOTHING),
    room(TESTKIT, &[DOMAIN, ADAPTERS], NOTHING),
    room("api", &[CORE, ADAPTERS, SUPPORT], &[SANDBOX]),
    room("worker", &[CORE, ADAPTERS, SUPPORT], &[SANDBOX]),
    room("migrator", &[CORE, ADAPTERS, SUPPORT], &[SANDBOX]),
    room("benches", &[CORE, ADAPTERS, SUPPORT, &[E2E]], &[SANDBOX]),
    room(E2E, &[CORE, ADAPTERS, SUPPORT, SANDBOX, &[TESTKIT]], NOTHING),
    room("xtask", NOTHING, NOTHING),
];

/// Drivers and frameworks stay in the one room that speaks their language.
pub(super) const WATCHED: &[Watched] = &[
    // What drives the product from outside asks the database behind its back.
    watched("tokio-postgres", Rule::Only(&["store-postgres", TESTKIT, E2E, "benches"])),
    watched("deadpool-postgres", Rule::Only(&["store-postgres", TESTKIT])),
    watched("redis", Rule::Only(&["cache-redis"])),
    watched("lapin", Rule::Only(&["queue-rabbitmq"])),
    watched("rusqlite", Rule::Only(&["source-sqlite"])),
    watched("actix-web", Rule::Only(&["http-actix", "console-actix", "telnyx-sandbox"])),
    watched("config", Rule::Only(&["settings"])),
    watched(
        "anyhow",
        Rule::Only(&["api", "worker", "migrator", E2E, "benches", "telnyx-sandbox", "source-sqlite"]),
    ),
    watched("tokio", Rule::NeverIn(DOMAIN)),
    watched("reqwest", Rule::NeverIn(CORE)),
    watched("serde_json", Rule::NeverIn(DOMAIN)),
    watched("rand", Rule::NeverIn(DOMAIN)),
];

const fn room(
    name: &'static str,
    may_use: &'static [&'static [&'static str]],
    tests_may_use: &'static [&'static [&'static str]],
) -> Room {
    Room { name, may_use, tests_may_use }
}

const fn watched(name: &'static str, rule: Rule) -> Watched {
    Watched { name, rule }
}
