//! Looking at what imports left.

use std::time::Instant;

use async_trait::async_trait;
use domain::import::{Import, ImportId, Refusal};
use domain::lada::Lada;
use domain::port::{ImportInspection, StoreError, StoredRows};
use domain::verification::{Breakdown, ContactCounts, Finding, RejectedRow};
use tokio_postgres::{Client, Row};

use super::live_indexes::INDEXES;
use super::rows;
use crate::database::Database;
use crate::error::{classify, corrupt};

/// The plan's own queries, as they stand in it, with what is told of their answers.
const PLAN_QUERIES: [(&str, &str); 4] = [
    ("plan: contacts", include_str!("../../sql/plan_contacts.sql")),
    ("plan: valid contacts", include_str!("../../sql/plan_valid_contacts.sql")),
    ("plan: by state", include_str!("../../sql/plan_by_state.sql")),
    ("plan: by area code", include_str!("../../sql/plan_by_lada.sql")),
];

/// Settings that only the server has, with what a large import is best served with, in bytes and in its own words.
const SERVED_BEST: [(&str, i64, &str); 3] =
    [("shared_buffers", 4 << 30, "4GB"), ("wal_buffers", 16 << 20, "16MB"), ("max_wal_size", 8 << 30, "8GB")];

/// Of an answer with several rows so many are told.
const ROWS_TOLD: usize = 5;

/// [`ImportInspection`] over the tables of imports and contacts. Its scans may take as long as they need.
pub struct PostgresImportInspection {
    database: Database,
}

impl PostgresImportInspection {
    /// The imports of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// A connection of its own whose statements are not cut short.
    async fn patient(&self, doing: &str) -> Result<Client, StoreError> {
        let client = self.database.single(doing).await?;
        let patience = "SET statement_timeout = 0; SET default_transaction_read_only = on";
        client.batch_execute(patience).await.map_err(|error| classify(doing, &error))?;
        Ok(client)
    }
}

#[async_trait]
impl ImportInspection for PostgresImportInspection {
    async fn import(&self, id: Option<ImportId>) -> Result<Option<Import>, StoreError> {
        let doing = "look for an import";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../../sql/inspect_import.sql"), &[&id.map(|id| id.0)])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| rows::decode(&row, doing)).transpose()
    }

    async fn stored_rows(&self, id: ImportId) -> Result<StoredRows, StoreError> {
        let doing = "count what an import brought";
        rows::count_stored(&self.patient(doing).await?, id, doing).await
    }

    async fn contact_counts(&self, id: ImportId) -> Result<ContactCounts, StoreError> {
        let doing = "count the contacts of an import";
        let client = self.patient(doing).await?;
        let counted = client
            .query(include_str!("../../sql/inspect_contact_counts.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        let mut counts = ContactCounts::default();
        for row in counted {
            let lada: Option<&str> = row.get("lada");
            let lada = lada.map(Lada::parse).transpose();
            let lada = lada.map_err(|_| corrupt(doing, "lada holds an unknown value"))?;
            counts.by_lada.insert(lada, rows::count(&row, "contacts", doing)?);
            counts.valid += rows::count(&row, "valid", doing)?;
            let filled: Vec<i64> = row.get("filled");
            for (sum, some) in counts.filled.iter_mut().zip(filled) {
                *sum += some.unsigned_abs();
            }
        }
        Ok(counts)
    }

    async fn refused_by_store(
        &self,
        id: ImportId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, Refusal)>, StoreError> {
        let doing = "read what an import refused";
        let client = self.patient(doing).await?;
        let sql = include_str!("../../sql/inspect_refused_by_store.sql");
        // No source row has the least id of all.
        let page = client
            .query(sql, &[&id.0, &after.unwrap_or(i64::MIN), &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        page.iter()
            .map(|row| Ok((row.get("source_row_id"), rows::refusal(row.get("reason"), doing)?)))
            .collect()
    }

    async fn refusal(&self, id: ImportId, source_row_id: i64) -> Result<Option<Refusal>, StoreError> {
        let doing = "find a refused row";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../../sql/inspect_refusal.sql"), &[&id.0, &source_row_id])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| rows::refusal(row.get(0), doing)).transpose()
    }

    async fn breakdown(&self, id: ImportId) -> Result<Breakdown, StoreError> {
        let doing = "count the contacts of an import by state and area code";
        let client = self.patient(doing).await?;
        let counted = client
            .query(include_str!("../../sql/inspect_breakdown.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        let mut breakdown = Breakdown::default();
        for row in counted {
            let counts = match row.get("dimension") {
                "state" => &mut breakdown.states,
                "lada" => &mut breakdown.ladas,
                "line_type" => &mut breakdown.line_types,
                "carrier" => &mut breakdown.carriers,
                _ => &mut breakdown.states_unmapped,
            };
            counts.push((row.get("value"), rows::count(&row, "contacts", doing)?));
        }
        Ok(breakdown)
    }

    async fn rejects(
        &self,
        id: ImportId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<RejectedRow>, StoreError> {
        let doing = "read what an import refused";
        let client = self.database.pooled(doing).await?;
        let page = client
            .query(
                include_str!("../../sql/inspect_rejects.sql"),
                &[&id.0, &after.unwrap_or(i64::MIN), &i64::from(limit)],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        let decode = |row: &Row| {
            Ok(RejectedRow {
                source_row_id: row.get("source_row_id"),
                refusal: rows::refusal(row.get("reason"), doing)?,
                detail: row.get("detail"),
                source_row: row.get("source_row"),
            })
        };
        page.iter().map(decode).collect()
    }

    async fn advice(&self) -> Result<Vec<String>, StoreError> {
        let doing = "ask the server what it has";
        let client = self.database.pooled(doing).await?;
        let settings = client
            .query(include_str!("../../sql/inspect_server_settings.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        let told = |row: &Row| {
            let (name, bytes): (&str, i64) = (row.get("name"), row.get("bytes"));
            let (_, least, shown) = SERVED_BEST.into_iter().find(|(known, ..)| *known == name)?;
            (bytes < least).then(|| {
                let has: &str = row.get("shown");
                format!("the server's {name} is {has}; a large import is best served with {shown} or more")
            })
        };
        Ok(settings.iter().filter_map(told).collect())
    }

    async fn activity(&self) -> Result<Vec<String>, StoreError> {
        let doing = "ask the server what it does";
        let client = self.database.pooled(doing).await?;
        let works = client
            .query(include_str!("../../sql/inspect_activity.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        let told = |row: &Row| {
            let percent = row.get::<_, Option<f64>>("percent").map(|percent| format!(", {percent:.0} %"));
            let (work, phase): (&str, &str) = (row.get("work"), row.get("phase"));
            format!("{work}: {phase}{}", percent.unwrap_or_default())
        };
        Ok(works.iter().map(told).collect())
    }

    async fn findings(&self) -> Result<Vec<Finding>, StoreError> {
        let doing = "look at the contacts as a whole";
        let client = self.patient(doing).await?;
        let mut findings = indexes(&client, doing).await?;
        findings.extend(numbers(&client, doing).await?);
        for (what, query) in PLAN_QUERIES {
            findings.push(answered(&client, what, query, doing).await?);
        }
        Ok(findings)
    }
}

async fn indexes(client: &Client, doing: &str) -> Result<Vec<Finding>, StoreError> {
    let names: Vec<&str> = ["contacts_pkey"].into_iter().chain(INDEXES.map(|(name, _)| name)).collect();
    let looked = client
        .query(include_str!("../../sql/inspect_indexes.sql"), &[&names])
        .await
        .map_err(|error| classify(doing, &error))?;
    let missing: Vec<String> = looked
        .iter()
        .filter(|row| !row.get::<_, bool>("is_usable"))
        .map(|row| {
            format!(
                "{} is missing or not valid; build it with `migrator schema indexes`",
                row.get::<_, &str>("name")
            )
        })
        .collect();
    let is_unique = !missing.iter().any(|one| one.starts_with("contacts_phone_national_key"));
    Ok(vec![
        Finding::unless("indexes", &missing, format!("all {} are there and valid", names.len())),
        Finding {
            what: "numbers are unique",
            is_good: is_unique,
            detail: if is_unique { "by a valid unique index" } else { "nothing guards it" }.to_owned(),
        },
    ])
}

async fn numbers(client: &Client, doing: &str) -> Result<Vec<Finding>, StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    let row = client.query_one(include_str!("../../sql/inspect_numbers.sql"), &[]).await.map_err(fail)?;
    let count = |column| rows::count(&row, column, doing);
    let by_state =
        client.query_one(include_str!("../../sql/inspect_by_state.sql"), &[]).await.map_err(fail)?;
    let counts = client.query_one(include_str!("../../sql/inspect_counts.sql"), &[]).await.map_err(fail)?;
    Ok(vec![
        Finding::of("cells of the counts that are wrong", &rows::count(&counts, "different", doing)?, &0),
        Finding::of("numbers that are not E.164", &count("malformed")?, &0),
        Finding::of("contacts of no import", &count("orphans")?, &0),
        Finding::of(
            "contacts_by_state",
            &rows::count(&by_state, "total", doing)?,
            &count("counted_by_state")?,
        ),
    ])
}

/// Answers a query of the plan, with the time it took.
async fn answered(
    client: &Client,
    what: &'static str,
    query: &str,
    doing: &str,
) -> Result<Finding, StoreError> {
    let started = Instant::now();
    let answer = client.query(query, &[]).await.map_err(|error| classify(doing, &error))?;
    let took_ms = started.elapsed().as_millis();
    let one = |row: &Row| match row.len() {
        1 => row.get::<_, i64>(0).to_string(),
        _ => format!("{} {}", row.get::<_, Option<&str>>(0).unwrap_or("none"), row.get::<_, i64>(1)),
    };
    let told: Vec<String> = answer.iter().take(ROWS_TOLD).map(one).collect();
    let more = answer.len().saturating_sub(ROWS_TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(Finding::good(what, format!("{}{more} ({took_ms} ms)", told.join(", "))))
}

#[cfg(test)]
mod tests {
    use domain::verification::FILLED_COLUMNS;

    #[test]
    fn every_filled_column_is_counted() {
        let sql = include_str!("../../sql/inspect_contact_counts.sql");
        let positions: Vec<_> =
            FILLED_COLUMNS.iter().map(|column| sql.find(&format!("count({column})")).unwrap()).collect();
        assert!(positions.is_sorted(), "{positions:?}");
    }
}
