//! The names that programs outside may query, as the contract lists them.

use crate::harness::Postgres;

const RELATIONS: [&str; 11] = [
    "contacts_by_state",
    "imports",
    "import_rejects",
    "import_statistics",
    "missing_ladas",
    "campaigns",
    "messages",
    "message_attempts",
    "message_receipts",
    "suppressions",
    "audit_log",
];

/// Those of `contacts` itself.
const CONTACT_COLUMNS: [(&str, &str); 24] = [
    ("id", "bigint"),
    ("phone_national", "bigint"),
    ("phone_e164", "text"),
    ("phone_original", "text"),
    ("full_name", "text"),
    ("address", "text"),
    ("neighborhood", "text"),
    ("municipality", "text"),
    ("state_code", "text"),
    ("state_name", "text"),
    ("state_text", "text"),
    ("lada", "text"),
    ("city", "text"),
    ("line_type", "text"),
    ("carrier", "text"),
    ("is_valid", "boolean"),
    ("is_mobile", "boolean"),
    ("status", "text"),
    ("opt_out_at", "timestamp with time zone"),
    ("source", "text"),
    ("source_row_id", "bigint"),
    ("import_id", "uuid"),
    ("migrated_at", "timestamp with time zone"),
    ("created_at", "timestamp with time zone"),
];

/// Those that sending changes, which stand in a narrow table.
const ACTIVITY_COLUMNS: [(&str, &str); 3] = [
    ("updated_at", "timestamp with time zone"),
    ("last_sent_at", "timestamp with time zone"),
    ("send_count", "integer"),
];

/// What the plan's indexes are on, as the server writes it.
const INDEXES: [(&str, &str); 7] = [
    ("idx_contacts_state_active", "btree (state_code, status) WHERE (opt_out_at IS NULL)"),
    ("idx_contacts_lada_active", "btree (lada, status) WHERE (opt_out_at IS NULL)"),
    ("idx_contacts_city_active", "btree (city, status) WHERE (opt_out_at IS NULL)"),
    ("idx_contacts_last_sent", "btree (last_sent_at) WHERE (last_sent_at IS NOT NULL)"),
    ("idx_contacts_send_count", "btree (send_count)"),
    ("idx_contacts_name_gin", "gin (name_words(full_name))"),
    ("idx_contacts_address_gin", "gin (address_words(address))"),
];

impl Postgres {
    async fn columns(&self, table: &str) -> Vec<(String, String)> {
        let columns =
            "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = $1";
        let rows = self.client.query(columns, &[&table]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

#[tokio::test]
async fn every_relation_of_the_contract_can_be_read() {
    let postgres = Postgres::fresh().await;
    for relation in RELATIONS {
        postgres.client.batch_execute(&format!("SELECT FROM {relation}")).await.unwrap();
    }
}

#[tokio::test]
async fn contacts_is_a_table_and_has_its_columns_and_the_view_has_all_of_them() {
    let postgres = Postgres::fresh().await;
    assert_eq!(postgres.rows("SELECT FROM pg_class WHERE relname = 'contacts' AND relkind = 'r'").await, 1);
    let table = postgres.columns("contacts").await;
    let view = postgres.columns("contacts_with_activity").await;
    let has = |columns: &[(String, String)], (name, kind): (&str, &str)| {
        columns.iter().any(|(column, data_type)| column == name && data_type == kind)
    };
    for column in CONTACT_COLUMNS {
        assert!(has(&table, column) && has(&view, column), "{column:?}");
    }
    for column in ACTIVITY_COLUMNS {
        assert!(has(&view, column), "{column:?}");
    }
}

#[tokio::test]
async fn the_view_answers_a_contact_with_and_without_activity() {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (phone_national, is_valid) VALUES (5510000001, true), (5510000002, true);
             INSERT INTO contact_activity (phone_national, last_sent_at, send_count) VALUES (5510000002, now(), 3)",
        )
        .await
        .unwrap();
    let query =
        "SELECT send_count, last_sent_at IS NOT NULL FROM contacts_with_activity ORDER BY phone_national";
    let rows = postgres.client.query(query, &[]).await.unwrap();
    let seen: Vec<(i32, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(seen, [(0, false), (3, true)]);
}

#[tokio::test]
async fn the_plan_s_indexes_are_there_by_name_and_on_what_it_says() {
    let postgres = Postgres::fresh().await;
    for (name, on) in INDEXES {
        let definition = "SELECT pg_get_indexdef(oid) FROM pg_class WHERE relname = $1 AND relkind = 'i'";
        let row = postgres.client.query_one(definition, &[&name]).await.unwrap();
        let definition: String = row.get(0);
        assert!(definition.ends_with(&format!(" USING {on}")), "{definition}");
    }
}

#[tokio::test]
async fn indexes_that_are_lost_are_built_again_as_they_were() {
    let postgres = Postgres::fresh().await;
    let definitions =
        "SELECT string_agg(pg_get_indexdef(indexrelid), E'\\n' ORDER BY indexrelid::regclass::text)
                       FROM pg_index
                       WHERE indrelid IN ('contacts'::regclass, 'contact_activity'::regclass) AND indisvalid";
    let before: String = postgres.client.query_one(definitions, &[]).await.unwrap().get(0);
    postgres
        .client
        .batch_execute(
            "DROP INDEX contacts_phone_national_key, idx_contacts_state_active, idx_contacts_lada_active,
                        idx_contacts_city_active, idx_contacts_name_gin, idx_contacts_address_gin,
                        idx_contacts_last_sent, idx_contacts_send_count",
        )
        .await
        .unwrap();
    let mut steps = Vec::new();
    postgres.import_store().build_indexes(|step| steps.push(step.to_owned())).await.unwrap();
    assert_eq!(steps.iter().filter(|step| step.starts_with("index ")).count(), 8, "{steps:?}");
    let after: String = postgres.client.query_one(definitions, &[]).await.unwrap().get(0);
    assert_eq!(after, before);
    postgres.import_store().build_indexes(|step| panic!("{step} was not needed")).await.unwrap();
}

#[tokio::test]
async fn no_phone_stands_twice_and_short_texts_compare_by_bytes() {
    let postgres = Postgres::fresh().await;
    let unique = "SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                  WHERE relname = 'contacts_phone_national_key' AND indisunique";
    assert_eq!(postgres.rows(unique).await, 1);
    let by_bytes = "SELECT FROM information_schema.columns
                    WHERE table_name = 'contacts' AND collation_name = 'C'
                      AND column_name IN ('state_code', 'state_name', 'lada', 'city', 'status', 'line_type')";
    assert_eq!(postgres.rows(by_bytes).await, 6);
}

#[tokio::test]
async fn contacts_by_state_has_its_columns_and_counts_by_them() {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (phone_national, is_valid, state_code, state_name, status, line_type, opt_out_at) VALUES
                 (5510000001, true, 'CMX', 'Ciudad de México', 'ACTIVE', 'mobile', NULL),
                 (5510000002, true, 'CMX', 'Ciudad de México', 'INACTIVE', 'fixed', NULL),
                 (5510000003, true, 'CMX', 'Ciudad de México', 'ACTIVE', 'unknown', NULL),
                 (5510000004, true, 'CMX', 'Ciudad de México', 'ACTIVE', 'mobile', now()),
                 (5510000005, true, NULL, NULL, 'ACTIVE', 'unknown', NULL);
             INSERT INTO contact_activity (phone_national, last_sent_at, send_count) VALUES
                 (5510000001, now() - interval '29 days', 1), (5510000002, now() - interval '31 days', 1)",
        )
        .await
        .unwrap();
    // The second time there is a row to compare the one without a state with.
    for _ in 0..2 {
        let refresh = "REFRESH MATERIALIZED VIEW CONCURRENTLY contacts_by_state";
        postgres.client.batch_execute(refresh).await.unwrap();
        let query = "SELECT state_code, state_name, total_contacts, active_contacts, mobile_contacts, recently_contacted
                     FROM contacts_by_state ORDER BY state_code NULLS LAST";
        let rows = postgres.client.query(query, &[]).await.unwrap();
        let seen: Vec<_> = rows
            .iter()
            .map(|row| {
                let counts: [i64; 4] = [row.get(2), row.get(3), row.get(4), row.get(5)];
                (row.get::<_, Option<String>>(0), row.get::<_, Option<String>>(1), counts)
            })
            .collect();
        let mexico_city = (Some("CMX".to_owned()), Some("Ciudad de México".to_owned()), [3, 2, 1, 1]);
        assert_eq!(seen, [mexico_city, (None, None, [1, 1, 0, 0])]);
    }
}
