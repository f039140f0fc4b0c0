//! What `--help` says.

/// The list of commands.
pub(crate) const ALL: &str = "\
The repository's commands.

Usage: cargo xtask COMMAND [ARGUMENTS]

  demo        the whole product from nothing, and a report of what it did
  test        every test, against real private servers
  services    private PostgreSQL, Redis and RabbitMQ: up, down, status, env
  e2e         long proofs: what is killed again and again, and comes out the same
  sample      a synthetic numeros.db
  bench       the scenario benchmarks, as JSON lines
  boundaries  fails on a dependency that the architecture does not allow
  ci          everything a change must pass

`cargo xtask COMMAND --help` explains one of them.

demo, test and bench use the servers that DATABASE_URL, REDIS_URL and AMQP_URL name, if all three are set;
otherwise they start private ones and stop them at the end. Nothing listens beyond 127.0.0.1.

Exit codes: 0 done, 2 wrong usage, 4 a server or a program is not to be had, 5 a check failed, 1 anything else.

Examples:
  cargo xtask demo --exit
  cargo xtask test
  eval \"$(cargo xtask services env)\"";

/// The help of one command, if there is such a command.
pub(crate) fn of(command: &str) -> Option<&'static str> {
    Some(match command {
        "demo" => DEMO,
        "test" => TEST,
        "services" => SERVICES,
        "e2e" => E2E,
        "sample" => SAMPLE,
        "bench" => BENCH,
        "boundaries" => BOUNDARIES,
        "ci" => CI,
        _ => return None,
    })
}

const DEMO: &str = "\
Everything from nothing: servers, schema, users, a sample numeros.db and its import; then api, worker and a
sandbox provider, a campaign launched through REST and followed to its last receipt, and a printed report. Then
stays up until Ctrl-C, unless told to end. Ends 5 if a figure of the report does not add up. It works in the
database pregon_demo, which it drops and makes anew.

Usage: cargo xtask demo [--rows N] [--messages N] [--port P] [--exit] [--json]

  --rows N      rows of the sample (100000)
  --messages N  the most messages of the campaign (5000)
  --port P      where the api listens on 127.0.0.1 (a free port)
  --exit        ends after the report
  --json        one line of JSON on standard output when ready

Examples:
  cargo xtask demo
  cargo xtask demo --rows 20000 --messages 500 --exit
  DATABASE_URL=… REDIS_URL=… AMQP_URL=… cargo xtask demo --json";

const TEST: &str = "\
Every test: unit, contract, integration against real servers, end to end. The last line alone is the sum,
`123 passed, 0 failed`; the exit code is not 0 if anything failed or does not compile.

Usage: cargo xtask test [FILTER…]

Examples:
  cargo xtask test
  cargo xtask test campaign";

const SERVICES: &str = "\
Private PostgreSQL, Redis and RabbitMQ on free ports of 127.0.0.1, with passwords made at the first start and
data under target/services. Ports are remembered. Installs missing Debian packages where it may, and says what
to install where it may not.

Usage: cargo xtask services up|down|status|env [--set dev|test]

  up      makes every server of the set answer; does nothing if they do
  down    stops the set; its data stays
  status  a line for each server; exit code 4 if one does not run
  env     prints `export DATABASE_URL=… REDIS_URL=… AMQP_URL=…`

  --set dev   durable, for the demo and the benchmarks (the default)
  --set test  without fsync, for the tests

Examples:
  cargo xtask services up
  eval \"$(cargo xtask services env)\" && psql \"$DATABASE_URL\"
  cargo xtask services down --set test";

const SAMPLE: &str = "\
Writes a synthetic numeros.db in the source's exact shape, dirt included.

Usage: cargo xtask sample --rows N --out FILE [--seed S] [--dirt P]

Examples:
  cargo xtask sample --rows 100000 --out /tmp/numeros.db
  cargo xtask sample --rows 1000 --out small.db --seed 7";

const E2E: &str = "\
Builds the workspace and runs a long proof. It starts servers of its own and touches no others.

  faults          campaigns whose workers, api, servers and wires are killed, frozen, emptied and cut at moments
                  drawn at random: nobody is written to twice, nobody is lost, and both ledgers agree. With
                  --mutants the engine makes each of its known mistakes on purpose, and each must be found
  import-faults   imports that are killed, or whose server is, at moments drawn at random, then resumed: each must
                  end as one that nobody disturbed
  webhook-faults  posts to the api that are broken in every way that chance finds, signed and not: none is
                  answered 5xx, what is unsigned is refused, and a worker gets over what was kept

Usage: cargo xtask e2e faults [--rounds N] [--seed S] [--messages M] [--mutants] [--only FAULTS] [--log LEVEL] [--json]
       cargo xtask e2e import-faults [--kills N] [--seed S] [--rows N]
       cargo xtask e2e webhook-faults [--seconds N] [--seed S] [--json]

Examples:
  cargo xtask e2e faults --rounds 200 --seed 7
  cargo xtask e2e faults --mutants
  cargo xtask e2e import-faults
  cargo xtask e2e import-faults --kills 50 --seed 7
  cargo xtask e2e webhook-faults --seconds 600";

const BENCH: &str = "\
Builds with optimisation and runs the scenario benchmarks, all or the named one. Standard output carries JSON
lines and nothing else.

Usage: cargo xtask bench [NAME] [--rows N] [--messages N,…] [--workers N,…] [--old-messages N]

Examples:
  cargo xtask bench
  cargo xtask bench import --rows 1000000 > import.jsonl
  cargo xtask bench api --rows 1000000
  cargo xtask bench segments --rows 36645692
  cargo xtask bench send --messages 10000,100000 --workers 1,2
  cargo xtask bench send --messages 100000 --old-messages 10000000";

const BOUNDARIES: &str = "\
Reads `cargo metadata` and fails where a crate of the workspace depends on something that the architecture does
not allow it. The rules are a table in xtask/src/boundaries/rules.rs.

Usage: cargo xtask boundaries

Example:
  cargo xtask boundaries";

const CI: &str = "\
Everything a change must pass, in this order: fmt, clippy, boundaries, docs, test, demo --exit. Stops at the
first that fails. The last line alone is the sum of the tests, `123 passed, 0 failed`; a step other than the
tests that fails counts as one failed.

Usage: cargo xtask ci

Example:
  cargo xtask ci";
