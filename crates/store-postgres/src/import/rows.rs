//! Rows of `imports` and of the source's account of itself.

use domain::import::{Import, ImportId, ImportState, Refusal, Tally};
use domain::port::{SourceAccount, StoreError, StoredRows};
use domain::source::{MissingLada, SourceDescription};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement, Transaction};

use super::encode::Rejects;
use super::to_bigint;
use crate::error::{classify, corrupt};

/// A count column.
pub(super) fn count(row: &Row, column: &str, doing: &str) -> Result<u64, StoreError> {
    u64::try_from(row.get::<_, i64>(column)).map_err(|_| corrupt(doing, format!("{column} is negative")))
}

/// A reason for which a row was refused.
pub(super) fn refusal(reason: &str, doing: &str) -> Result<Refusal, StoreError> {
    Refusal::all()
        .find(|refusal| refusal.reason() == reason)
        .ok_or_else(|| corrupt(doing, "reason holds an unknown value"))
}

/// The row of `imports` that the `import_find` statements answer.
pub(super) fn decode(row: &Row, doing: &str) -> Result<Import, StoreError> {
    let count = |column: &str| count(row, column, doing);
    let state: &str = row.get("state");
    Ok(Import {
        id: ImportId(row.get("id")),
        state: ImportState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| corrupt(doing, "state holds an unknown value"))?,
        source: SourceDescription {
            file_name: row.get("source_file"),
            path: row.get("source_path"),
            file_bytes: count("source_bytes")?,
            fingerprint: row.get("source_fingerprint"),
            rows: count("source_rows")?,
            last_id: row.get("source_last_row_id"),
        },
        last_source_row_id: row.get("last_source_row_id"),
        tally: Tally {
            rows_read: count("rows_read")?,
            valid_rows_read: count("valid_rows_read")?,
            valid_rows_kept: count("valid_rows_kept")?,
            imported: count("imported")?,
            imported_valid: count("imported_valid")?,
            duplicates: count("duplicates")?,
            duplicates_existing: count("duplicates_existing")?,
            rejected: count("rejected")?,
            states_unmapped: count("states_unmapped")?,
            cities_unmapped: count("cities_unmapped")?,
            ladas_disagreeing: count("ladas_disagreeing")?,
            texts_invalid_utf8: count("texts_invalid_utf8")?,
            texts_shortened: count("texts_shortened")?,
            dates_unreadable: count("dates_unreadable")?,
        },
        started_at: row.get("started_at"),
        finished_at: row.get("finished_at"),
    })
}

/// One import, which must be there.
pub(super) async fn find(client: &Client, id: ImportId, doing: &str) -> Result<Import, StoreError> {
    let row = client
        .query_opt(include_str!("../../sql/import_find.sql"), &[&id.0])
        .await
        .map_err(|error| classify(doing, &error))?
        .ok_or_else(|| corrupt(doing, "the import is gone"))?;
    decode(&row, doing)
}

/// Counts what the tables really hold of one import.
pub(super) async fn count_stored(
    client: &Client,
    id: ImportId,
    doing: &str,
) -> Result<StoredRows, StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    let row =
        client.query_one(include_str!("../../sql/import_count_stored.sql"), &[&id.0]).await.map_err(fail)?;
    let by_reason =
        client.query(include_str!("../../sql/import_reject_count.sql"), &[&id.0]).await.map_err(fail)?;
    let refused = by_reason
        .iter()
        .map(|row| Ok((refusal(row.get("reason"), doing)?, count(row, "rows", doing)?)))
        .collect::<Result<_, StoreError>>()?;
    Ok(StoredRows { contacts: count(&row, "contacts", doing)?, refused })
}

/// Keeps the rejects, moves the checkpoint and adds `tally`; answers the imports touched.
pub(super) async fn advance(
    transaction: &Transaction<'_>,
    statement: &Statement,
    id: ImportId,
    (before, checkpoint): (i64, i64),
    (rejects, tally): (&Rejects, &Tally),
) -> Result<u64, tokio_postgres::Error> {
    let counts = [
        tally.rows_read,
        tally.valid_rows_read,
        tally.valid_rows_kept,
        tally.imported,
        tally.imported_valid,
        tally.duplicates,
        tally.duplicates_existing,
        tally.rejected,
        tally.states_unmapped,
        tally.cities_unmapped,
        tally.ladas_disagreeing,
        tally.texts_invalid_utf8,
        tally.texts_shortened,
        tally.dates_unreadable,
    ]
    .map(to_bigint);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&id.0, &before, &checkpoint];
    parameters.extend(counts.iter().map(|count| count as &(dyn ToSql + Sync)));
    let refused: [&(dyn ToSql + Sync); 5] = [
        &rejects.source_row_ids,
        &rejects.outcomes,
        &rejects.reasons,
        &rejects.details,
        &rejects.source_rows,
    ];
    parameters.extend(refused);
    transaction.execute(statement, &parameters).await
}

/// Replaces what is kept of the source's account of itself.
pub(super) async fn replace_account(
    transaction: &Transaction<'_>,
    id: ImportId,
    SourceAccount { statistics, missing_ladas }: &SourceAccount,
) -> Result<(), tokio_postgres::Error> {
    transaction.execute(include_str!("../../sql/import_statistics_delete.sql"), &[&id.0]).await?;
    for row in statistics {
        transaction
            .execute(
                include_str!("../../sql/import_statistics_insert.sql"),
                &[
                    &id.0,
                    &row.id,
                    &row.total_processed,
                    &row.total_valid,
                    &row.total_duplicates,
                    &row.total_with_city,
                    &row.ladas_found,
                    &row.ladas_missing,
                    &row.took_seconds,
                    &without_nul(row.source_file.as_deref()),
                    &without_nul(row.migrated_at.as_deref()),
                ],
            )
            .await?;
    }
    transaction.execute(include_str!("../../sql/missing_ladas_delete.sql"), &[&id.0]).await?;
    let column = |of: fn(&MissingLada) -> Option<&str>| -> Vec<Option<String>> {
        missing_ladas.iter().map(|missing| without_nul(of(missing))).collect()
    };
    let rows: Vec<Option<i64>> = missing_ladas.iter().map(|missing| missing.rows).collect();
    transaction
        .execute(
            include_str!("../../sql/missing_ladas_insert.sql"),
            &[
                &id.0,
                &column(|missing| Some(&missing.lada)),
                &rows,
                &column(|missing| missing.examples.as_deref()),
                &column(|missing| missing.detected_at.as_deref()),
            ],
        )
        .await?;
    Ok(())
}

/// A text as the server can hold it. The account is kept after the last row: its dirt must not hold up the end.
fn without_nul(text: Option<&str>) -> Option<String> {
    text.map(|text| text.replace('\0', ""))
}
