//! What the store holds, read past the adapter.

use domain::import::ImportId;

use super::expected::{Columns, Reject};
use crate::harness::Postgres;

/// Every column of a contact that the import decides or leaves at its default, as text.
const COLUMNS: [&str; 23] = [
    "phone_national",
    "phone_e164",
    "phone_original",
    "full_name",
    "address",
    "neighborhood",
    "municipality",
    "state_code",
    "state_name",
    "state_text",
    "lada",
    "city",
    "line_type",
    "carrier",
    "is_valid",
    "is_mobile",
    "status",
    "opt_out_at",
    "last_sent_at",
    "send_count",
    "source",
    "source_row_id",
    "migrated_at",
];

/// The contacts of an import by their source rows.
pub(super) async fn contacts(postgres: &Postgres, id: ImportId) -> Vec<Columns> {
    let as_text: Vec<_> = COLUMNS
        .into_iter()
        .map(|column| match column {
            "migrated_at" => "(extract(epoch FROM migrated_at) * 1000000)::bigint::text".to_owned(),
            "is_valid" => "CASE WHEN is_valid THEN 'true' ELSE 'false' END".to_owned(),
            column => format!("{column}::text"),
        })
        .collect();
    let query = format!(
        "SELECT {} FROM contacts_with_activity
         WHERE import_id = $1 AND created_at <= now() AND updated_at = created_at ORDER BY contacts_with_activity.source_row_id",
        as_text.join(", ")
    );
    let rows = postgres.client.query(&query, &[&id.0]).await.unwrap();
    rows.iter()
        .map(|row| COLUMNS.into_iter().enumerate().map(|(at, column)| (column, row.get(at))).collect())
        .collect()
}

/// The refused rows of an import.
pub(super) async fn rejects(postgres: &Postgres, id: ImportId) -> Vec<Reject> {
    let query = "SELECT source_row_id, outcome, reason, source_row FROM import_rejects
                 WHERE import_id = $1 ORDER BY source_row_id";
    let rows = postgres.client.query(query, &[&id.0]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}
