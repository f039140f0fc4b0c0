//! What the api and workers may in the database: what `role_grant.sql` says, and no more.

use std::collections::BTreeSet;

use domain::identity::Password;
use store_postgres::{Database, DatabaseOptions, Group, Login, LoginMade};
use testkit::TestDatabase;

use crate::harness::Postgres;

const INSUFFICIENT_PRIVILEGE: &str = "42501";
const GROUPS: [&str; 2] = ["pregon_api", "pregon_worker"];

impl Postgres {
    /// With what `statement` is refused to a member of `role`.
    async fn refusal_to(&self, role: &str, statement: &str) -> Option<String> {
        self.client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        let refusal = self.refusal(statement).await;
        self.client.batch_execute("RESET ROLE").await.unwrap();
        refusal
    }

    async fn refuses(&self, role: &str, statements: &[&str]) {
        for statement in statements {
            let refusal = self.refusal_to(role, statement).await;
            assert_eq!(refusal.as_deref(), Some(INSUFFICIENT_PRIVILEGE), "{role}: {statement}");
        }
    }
}

/// What the file grants, a right of a group on an object each: `audit_log INSERT (actor) pregon_api`.
fn written() -> BTreeSet<String> {
    let file = include_str!("../../sql/role_grant.sql");
    let lines = file.split("                ('").skip(1);
    let mut rights = BTreeSet::new();
    for line in lines {
        let quoted: Vec<&str> = line.split('\'').step_by(2).take(3).collect();
        let [object, to_api, to_worker] = quoted[..] else { panic!("{line} is not of three texts") };
        let (_, name) = object.split_once(' ').unwrap();
        for (group, privileges) in GROUPS.iter().zip([to_api, to_worker]) {
            // The last of them may be one on some columns alone.
            let (whole, privilege, columns) = match privileges.split_once(" (") {
                Some((before, columns)) => {
                    let (whole, privilege) = before.rsplit_once(", ").unwrap_or(("", before));
                    (whole, privilege, columns.trim_end_matches(')'))
                }
                None => (privileges, "", ""),
            };
            rights.extend(
                whole.split(", ").filter(|one| !one.is_empty()).map(|one| format!("{name} {one} {group}")),
            );
            rights.extend(
                columns
                    .split(", ")
                    .filter(|one| !one.is_empty())
                    .map(|column| format!("{name} {privilege} ({column}) {group}")),
            );
        }
    }
    rights
}

/// What the server's lists hold of the groups and of everybody, in the same words.
const GRANTED: &str = "
    WITH rights AS (
        SELECT relation.oid::regclass::text AS object, entry.privilege_type AS privilege, entry.grantee
        FROM pg_class AS relation, aclexplode(relation.relacl) AS entry
        WHERE relation.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT attrelid::regclass::text, format('%s (%s)', entry.privilege_type, attname), entry.grantee
        FROM pg_attribute
        JOIN pg_class AS relation ON relation.oid = attrelid AND relation.relnamespace = 'public'::regnamespace
        CROSS JOIN aclexplode(attacl) AS entry
        UNION ALL
        SELECT replace(replace(routine.oid::regprocedure::text, 'timestamp with time zone', 'timestamptz'), ',', ', '),
               entry.privilege_type, entry.grantee
        FROM pg_proc AS routine, aclexplode(coalesce(routine.proacl, acldefault('f', routine.proowner))) AS entry
        WHERE routine.pronamespace = 'public'::regnamespace AND routine.prosecdef
    )
    SELECT concat_ws(' ', object, privilege, coalesce(pg_roles.rolname, 'everybody'))
    FROM rights
    LEFT JOIN pg_roles ON pg_roles.oid = rights.grantee
    WHERE rights.grantee = 0 OR pg_roles.rolname IN ('pregon_api', 'pregon_worker')";

#[tokio::test]
async fn each_group_has_the_rights_that_are_written_down_and_no_other() {
    let postgres = Postgres::fresh().await;
    let rows = postgres.client.query(GRANTED, &[]).await.unwrap();
    let granted: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let written = written();
    assert!(written.len() > 150, "the file is read wrongly: {written:?}");
    let missing: Vec<_> = written.difference(&granted).collect();
    let beyond: Vec<_> = granted.difference(&written).collect();
    assert!(missing.is_empty() && beyond.is_empty(), "missing {missing:?}, beyond {beyond:?}");
}

#[tokio::test]
async fn the_applications_change_neither_history_nor_schema() {
    let postgres = Postgres::fresh().await;
    let line = "INSERT INTO audit_log (actor, action, object_kind, object_id) VALUES ('a', 'b', 'c', 'd')";
    for role in GROUPS {
        for allowed in [line, "SELECT FROM contacts", "SELECT FROM refinery_schema_history"] {
            assert_eq!(postgres.refusal_to(role, allowed).await, None, "{role}: {allowed}");
        }
        postgres
            .refuses(
                role,
                &[
                    "UPDATE audit_log SET actor = 'nobody'",
                    "DELETE FROM audit_log",
                    "TRUNCATE audit_log",
                    "INSERT INTO audit_log (at, actor, action, object_kind, object_id) VALUES ('2020-01-01', 'a', 'b', 'c', 'd')",
                    "INSERT INTO audit_log (id, actor, action, object_kind, object_id) OVERRIDING SYSTEM VALUE
                     VALUES (0, 'a', 'b', 'c', 'd')",
                    "INSERT INTO audit_chain VALUES (9, 9, decode(repeat('00', 32), 'hex'))",
                    "UPDATE audit_head SET place = 0",
                    "SET session_replication_role = replica",
                    "UPDATE message_receipts SET status = 'delivered'",
                    "DELETE FROM message_receipts",
                    "SELECT FROM import_rejects",
                    "DELETE FROM deferred_indexes",
                    "DELETE FROM refinery_schema_history",
                    "CREATE TABLE mine (n integer)",
                    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
                    "DROP TABLE contacts",
                    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
                    "TRUNCATE contacts",
                    "UPDATE consent_events SET kind = 'opt_in'",
                    "DELETE FROM consent_events",
                    "REFRESH MATERIALIZED VIEW contacts_by_state",
                    "CREATE ROLE mine",
                ],
            )
            .await;
    }
    postgres
        .refuses(
            "pregon_api",
            &["SELECT drop_message_partitions(1)", "UPDATE users SET email = 'other@example.com'"],
        )
        .await;
    let of_people =
        ["SELECT FROM users", "SELECT FROM sessions", "SELECT FROM audit_log", "SELECT FROM consent_events"];
    postgres.refuses("pregon_worker", &of_people).await;
}

/// A partition is a table with rights of its own.
#[tokio::test]
async fn receipts_are_not_changed_through_their_partitions_either() {
    let postgres = Postgres::fresh().await;
    let partitions =
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'message_receipts'::regclass";
    let rows = postgres.client.query(partitions, &[]).await.unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let partition: String = row.get(0);
        let changes = [format!("DELETE FROM {partition}"), format!("UPDATE {partition} SET status = 'x'")];
        postgres.refuses("pregon_worker", &[&changes[0], &changes[1]]).await;
    }
}

/// The options of whoever signs in with this name and password.
fn options_of(test: &TestDatabase, login: &Login, password: &str) -> DatabaseOptions {
    let options = test.options();
    let (scheme, rest) = options.url.split_once("://").unwrap();
    let server = rest.rsplit_once('@').map_or(rest, |(_, server)| server);
    DatabaseOptions { url: format!("{scheme}://{login}:{password}@{server}"), ..options }
}

#[tokio::test]
async fn a_login_is_made_once_signs_in_and_belongs_to_one_group() {
    let postgres = Postgres::fresh().await;
    let owner = postgres.test.database();
    let name: String =
        postgres.client.query_one("SELECT current_database() || '_x'", &[]).await.unwrap().get(0);
    let login = Login::parse(&name).unwrap();
    let first = owner.make_login(&login, Group::Worker, &Password::new("una frase larga")).await.unwrap();
    let again = owner.make_login(&login, Group::Api, &Password::new("otra_frase_larga")).await.unwrap();
    assert_eq!((first, again), (LoginMade::Made, LoginMade::Changed));

    let own = Database::new(&options_of(&postgres.test, &login, "otra_frase_larga")).unwrap();
    assert!(!own.may_change_schema().await.unwrap());
    let groups = "SELECT string_agg(roleid::regrole::text, ',') FROM pg_auth_members
                  WHERE member = (SELECT oid FROM pg_roles WHERE rolname = $1)";
    let member_of: String = postgres.client.query_one(groups, &[&name]).await.unwrap().get(0);
    let kept = "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = $1";
    let is_hashed: bool = postgres.client.query_one(kept, &[&name]).await.unwrap().get(0);
    drop(own);
    postgres.client.batch_execute(&format!("DROP ROLE {name}")).await.unwrap();
    assert_eq!((member_of.as_str(), is_hashed), ("pregon_api", true));
}

#[tokio::test]
async fn a_role_that_may_more_than_a_program_should_is_left_alone() {
    let postgres = Postgres::fresh().await;
    let name: String =
        postgres.client.query_one("SELECT current_database() || '_y'", &[]).await.unwrap().get(0);
    postgres.client.batch_execute(&format!("CREATE ROLE {name} LOGIN CREATEDB")).await.unwrap();
    let refused = postgres
        .test
        .database()
        .make_login(&Login::parse(&name).unwrap(), Group::Api, &Password::new("una frase larga"))
        .await;
    postgres.client.batch_execute(&format!("DROP ROLE {name}")).await.unwrap();
    assert!(refused.unwrap_err().to_string().contains("choose another name"));
}
