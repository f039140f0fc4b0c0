//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::audit::ChainHash;
use domain::identity::{Email, Role};
use domain::money::{Currency, InvalidAmount, Money};
use domain::suppression::SuppressionList;
use jiff::civil::Date;
use settings::{BatchRows, ValidPercentMin};
use store_postgres::Login;
use uuid::Uuid;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    anything not named below
  2    wrong usage, or settings that cannot be used
  3    the input cannot be used as it is
  4    a server is away or refuses: wrong password, schema too old or too new
  5    all was done, but a check of the result failed
  130  interrupted, with everything up to the last checkpoint stored";

/// Brings the schema up, contact files in, and the first users to the door.
#[derive(Debug, Parser)]
#[command(name = "migrator", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// A TOML file of settings; variables of the environment beat it, it beats the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The database's schema.
    Schema(Schema),
    /// Say what a contact file holds and what an import would make of it. Writes nothing, and needs no server.
    #[command(after_help = "\
Examples:
  migrator analyze numeros.db
  migrator analyze numeros.db --json | jq .states.unknown")]
    Analyze(Analyze),
    /// Bring a contact file in: every row ends as imported, duplicate or rejected.
    #[command(after_help = "\
Examples:
  migrator import numeros.db
  migrator import numeros.db --limit 10000000     a trial, whole in itself
  migrator import numeros.db --resume             the rest of it, or what a crash left
  migrator import numeros.db --backup respaldo    and a copy of the file and of all that was stored
  migrator import numeros.db --report informe     and a page about it, with what was not imported
  migrator import numeros.db --json | jq .        one JSON object a line")]
    Import(Import),
    /// How an import stands, also one that runs elsewhere.
    #[command(after_help = "\
Examples:
  migrator status                                  the last one that began
  migrator status --watch                          a look each second until it ends
  migrator status --json")]
    Status(Status),
    /// Compare what an import brought with its file: counts, columns, area codes, and rows drawn at random. Ends 5 when
    /// anything differs.
    #[command(after_help = "\
Examples:
  migrator verify                                  the last import
  migrator verify 019aa7c0-5f1e-7c55-9d7e-3d1f0c5b7a10 --sample 10000
  migrator verify --source /backup/numeros.db      when the file is no longer where it was")]
    Verify(Verify),
    /// Bring back what an import stored, from the folder that `import --backup` wrote. May be killed and run again.
    #[command(after_help = "\
Examples:
  migrator restore respaldo

The import must not be in the database: it was rolled back, or the database is another. The parts are files of the
database's own format; manifest.json names the statement that takes them in, for who has nothing but psql:
  zstd -dc respaldo/contacts-00001.copy.zst | psql -c \"COPY contacts (...) FROM STDIN (FORMAT binary)\"")]
    Restore(Restore),
    /// Take away exactly what an import brought. May be killed and run again.
    #[command(after_help = "\
Examples:
  migrator rollback 019aa7c0-5f1e-7c55-9d7e-3d1f0c5b7a10")]
    Rollback(Rollback),
    /// Say of each number, one a line, what it is; CSV out.
    #[command(after_help = "\
Examples:
  migrator normalize numbers.txt > numbers.csv    line types come from the database's numbering plan, if there is one
  migrator normalize --column telefono people.csv > numbers.csv
  migrator normalize --column 3 people.csv > numbers.csv
  echo '044 55 1234 5678' | migrator normalize

UTF-8, UTF-16 with its mark, and Windows-1252 are read as they come.")]
    Normalize(Normalize),
    /// The regulator's numbering plan, which tells mobile numbers from fixed ones.
    NumberingPlan(NumberingPlan),
    /// Class every contact by the numbering plan in force: line type and carrier.
    Reclassify(Reclassify),
    /// The numbers that are never written to.
    Suppressions(Suppressions),
    /// Ask the provider what kind of line the numbers of a segment are: line type and carrier, of contacts whose line type is
    /// unknown. It costs money, at most --max-cost; with --dry-run it says how much, and asks nobody.
    #[command(after_help = "\
Examples:
  migrator lookup --segment jalisco.json --max-cost 250 --dry-run says what it would ask, and what that costs
  migrator lookup --segment jalisco.json --max-cost 250           and asks; run again, it goes on where it was stopped
  echo '{\"field\":\"state\",\"op\":\"eq\",\"value\":\"JAL\"}' > jalisco.json

What was looked up within lookup.keep_days is not asked again. It ends 1 where --max-cost or the calls of the day are spent
before all is asked.")]
    Lookup(Lookup),
    /// The people who sign in.
    User(User),
    /// The log of who did what.
    Audit(Audit),
    /// The database's own users, whom the programs connect as.
    Roles(Roles),
    /// Say whether settings, server, schema, permissions, clock and disk are as they should be, and what to do.
    Check(Check),
    /// End 0 if the database answers and its schema is this program's; for container health checks.
    Health,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    #[command(subcommand)]
    pub(crate) command: SchemaCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Apply the missing migrations. Two at once are safe: one waits for the other.
    #[command(after_help = "\
Examples:
  migrator schema up
  migrator schema up --create-database            as a user who may create databases and roles")]
    Up {
        /// Make the database, and the groups of users that api and worker belong to, where they are missing.
        #[arg(long)]
        create_database: bool,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Say which migrations are applied. Ends 4 unless the schema is this program's.
    Status {
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Build the indexes of contacts that are missing or not valid, while everybody goes on reading and writing.
    Indexes {
        /// One JSON object a line on stdout.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Status {
    /// The import's id; the last that began when left out.
    pub(crate) import_id: Option<Uuid>,
    /// Look again each second until it has ended.
    #[arg(long)]
    pub(crate) watch: bool,
    /// One JSON object on stdout for each look.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The import's id; the last that began when left out.
    pub(crate) import_id: Option<Uuid>,
    /// The contact file, when it is no longer where it was imported from.
    #[arg(long, value_name = "FILE")]
    pub(crate) source: Option<PathBuf>,
    /// About so many rows of the file, drawn at random, are compared field by field.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) sample: u32,
    /// Of a hundred rows with `es_valido` = 1, how many must have been kept as valid contacts [default: the setting
    /// `import.min_valid_percent`].
    #[arg(long, value_name = "PERCENT")]
    pub(crate) min_valid_percent: Option<ValidPercentMin>,
    /// One JSON object a line for each check.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The folder of the backup.
    pub(crate) folder: PathBuf,
    /// Events on stdout, one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The import's id, as `migrator import` printed it.
    pub(crate) import_id: Uuid,
    /// Leave contacts alone that campaigns wrote to, and take the others away. Without it nothing is taken away while
    /// there is such a campaign.
    #[arg(long)]
    pub(crate) keep_referenced: bool,
    /// Events on stdout, one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// The contact file, a SQLite database with the table `numeros`. It is opened for reading alone.
    pub(crate) file: PathBuf,
    /// One JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The contact file, a SQLite database with the table `numeros`. It is opened for reading alone.
    pub(crate) file: PathBuf,
    /// End after so many rows of the file in all, whole and ready to be looked at.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Rows of one batch, which is one transaction [default: the setting `import.batch_rows`].
    #[arg(long, value_name = "N")]
    pub(crate) batch_rows: Option<BatchRows>,
    /// Go on with the unfinished import of this file. Where none ever began, begin; where it was completed, do nothing.
    #[arg(long)]
    pub(crate) resume: bool,
    /// End 5 when fewer of a hundred rows with `es_valido` = 1 are kept as valid contacts [default: the
    /// setting `import.min_valid_percent`].
    #[arg(long, value_name = "PERCENT")]
    pub(crate) min_valid_percent: Option<ValidPercentMin>,
    /// Keep a backup in this folder: a checked copy of the file before anything is written, and what was stored as
    /// compressed parts, written in the same pass. `migrator restore` brings it back.
    #[arg(long, value_name = "DIR")]
    pub(crate) backup: Option<PathBuf>,
    /// Serve progress for Prometheus as /metrics at this address while it runs; with port 0 the system chooses one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics_listen: Option<String>,
    /// Write a report into this folder when it is done: report.html for people, report.json for programs, and
    /// rejects.csv with every row that was not imported, whole.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Events on stdout, one JSON object a line, instead of a progress bar on stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NumberingPlan {
    #[command(subcommand)]
    pub(crate) command: NumberingPlanCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NumberingPlanCommand {
    /// Read the regulator's file, of either shape, and say how it differs from the plan in force; with --yes put it in
    /// force.
    #[command(after_help = "\
Examples:
  migrator numbering-plan load pnn.csv            shows what would change
  migrator numbering-plan load pnn.csv --yes      and puts it in force; then: migrator reclassify")]
    Load {
        /// The file, in UTF-8 or ISO-8859-1.
        file: PathBuf,
        /// Put it in force.
        #[arg(long)]
        yes: bool,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Reclassify {
    /// Events on stdout, one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Normalize {
    /// A file of numbers, one a line; `-` is standard input.
    #[arg(default_value = "-", value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The column of a CSV file that holds the numbers: its place, from 1 on, or its name in the first line, which then
    /// gets no answer. Fields are apart by comma, semicolon or tab, whichever the first line has most of.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Suppressions {
    #[command(subcommand)]
    pub(crate) command: SuppressionsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SuppressionsCommand {
    /// Load a list: a number a line, or CSV whose first field is one. All of it is stored, or nothing; what is no number is
    /// told by its line.
    #[command(after_help = "\
Examples:
  migrator suppressions load repep.csv --source repep
  migrator suppressions load reus.txt --source reus --listed-on 2026-01-15    ends two years after that day
  migrator suppressions load bajas.csv --source manual --column telefono
  migrator suppressions load repep.csv --source repep --json | jq .           one JSON object a line")]
    Load {
        /// The file: ten digits, +52 and separators as people write them; UTF-8, UTF-16 with its mark, or Windows-1252.
        file: PathBuf,
        /// Which list: manual is our own, repep the register of PROFECO, reus that of CONDUSEF.
        #[arg(long)]
        source: SuppressionList,
        /// The day on which the numbers were listed, as 2026-01-15 [default, of reus: today].
        #[arg(long, value_name = "DATE")]
        listed_on: Option<Date>,
        /// The column of a CSV file that holds the numbers: its place, from 1 on, or its name in the first line.
        #[arg(long, value_name = "COLUMN")]
        column: Option<String>,
        /// Events on stdout, one JSON object a line, instead of a progress bar on stderr.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Lookup {
    /// A file with the segment's definition, in JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) segment: PathBuf,
    /// The most that it may cost, in pesos, as 250 or 12.50: what would cost more is not asked.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub(crate) max_cost: Money,
    /// Say how many numbers would be asked about and what that costs, and ask nobody.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Ask about numbers, too, that the numbering plan tells of.
    #[arg(long)]
    pub(crate) even_if_known: bool,
    /// Events on stdout, one JSON object a line, instead of a progress bar on stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

fn amount(written: &str) -> Result<Money, InvalidAmount> {
    Money::parse(written, Currency::MXN)
}

#[derive(Debug, Args)]
pub(crate) struct User {
    #[command(subcommand)]
    pub(crate) command: UserCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user. Without --password-stdin a password is generated, shown once, and must be changed at the first
    /// sign-in.
    #[command(after_help = "\
Examples:
  migrator user create --email ana@empresa.mx --role admin
  printf %s \"$PASSWORD\" | migrator user create --email ana@empresa.mx --role viewer --password-stdin")]
    Create {
        /// Signs in with it.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// viewer, operator, manager or admin.
        #[arg(long)]
        role: Role,
        /// Read the password from standard input: its first line, without the line's end.
        #[arg(long)]
        password_stdin: bool,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Take the second factor of somebody away who has lost it, and their recovery codes, and end their sessions: they sign in with
    /// the password alone. Admins do this for one another with POST /users/{id}/remove-second-factor; this is for the last one.
    #[command(after_help = "\
Examples:
  migrator user remove-second-factor --email ana@empresa.mx")]
    RemoveSecondFactor {
        /// Signs in with it.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Walk the audit log from its first line to its last and say which were changed, taken out, put in or moved. Ends 5 when any
    /// was. What it prints last, how many lines and the hash of the last, is to be kept elsewhere: nobody who can write to the
    /// database can then cut the log's end off, or write it anew, without --expect noticing.
    #[command(after_help = "\
Examples:
  migrator audit verify
  migrator audit verify --json | tail -1 >> /elsewhere/audit-heads.jsonl
  migrator audit verify --expect 0b9e52908fbcbcaacb60d8ef80b13f2f44ed2aededa469d2c8bf4685a9ed92da")]
    Verify {
        /// A hash that was printed before: the chain must still have it.
        #[arg(long, value_name = "HASH")]
        expect: Option<ChainHash>,
        /// One JSON object a line on stdout: each fault, then the whole.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Roles {
    #[command(subcommand)]
    pub(crate) command: RolesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RolesCommand {
    /// Make a login for the api or for workers that may what they need and no more, or give it another password: neither changes
    /// the audit log, nor the schema. May be run again. Without --password-stdin a password is generated and shown once. It takes
    /// a user of `DATABASE_URL` who may make roles.
    #[command(after_help = "\
Examples:
  migrator roles login sms_api --of api
  printf %s \"$PASSWORD\" | migrator roles login sms_worker --of worker --password-stdin

Then: DATABASE_URL=postgres://sms_api:PASSWORD@db.example:5432/sms_marketing api check")]
    Login {
        /// Its name: lower-case letters, digits and underscores.
        name: Login,
        /// Whose login it is.
        #[arg(long, value_enum)]
        of: Program,
        /// Read the password from standard input: its first line, without the line's end.
        #[arg(long)]
        password_stdin: bool,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
}

/// A program that connects to the database.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Program {
    /// The api.
    Api,
    /// Workers.
    Worker,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Check {
    /// One JSON object a line on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}
