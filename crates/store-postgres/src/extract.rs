//! Extracts: numbers handed out in one transaction.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::campaign::UnknownLineTypes;
use domain::extract::{Extract, ExtractFormat, ExtractId, ExtractedNumber, Pick, SeedNumber};
use domain::phone::PhoneNumber;
use domain::port::{ExtractOrder, ExtractStore, StoreError, TakenExtract, WriteError};
use domain::request::Envelope;
use domain::segment::{SegmentId, SegmentVersion};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

use crate::contact::{phone_from, to_bigint};
use crate::database::Database;
use crate::error::{classify, corrupt};
use crate::request::{answer_is_gone, answered_before, audit, audit_counted, take_key};
use crate::segment::{SegmentStatement, estimate, planned_rows};

/// Numbers of expired extracts that are taken away at once.
const EMPTIED_MAX: i64 = 20_000;

/// What passing a contact by costs of what looking one up costs. To find N of R that fit among A one after the other passes N · A / R by;
/// looking at all that fit looks R up. The first is cheaper where this · N · A < R².
const LOOKED_UP: f64 = 0.1;
/// Numbers that are drawn for each that is wanted: some of them may not be written to.
const DRAWN_BEYOND: f64 = 1.25;
/// Pages are drawn with so many times as many contacts as are wanted, so that few are picked from one page.
const SPREAD: f64 = 10.0;
/// How often is drawn, the second time as many more as the first time showed to be needed.
const DRAWS_MAX: u32 = 2;
/// Which rows a condition means is kept exactly: by page alone, all of each page would be judged.
const MEMORY: &str = "SET LOCAL work_mem = '64MB'";

/// So close to each other two extracts were made at the same time.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(1);

/// [`ExtractStore`] over `extracts`, `extract_numbers` and `seed_numbers`.
pub struct PostgresExtractStore {
    database: Database,
    within: Duration,
}

impl PostgresExtractStore {
    /// The extracts of `database`, each made within that time or not at all.
    #[must_use]
    pub fn new(database: Database, within: Duration) -> Self {
        Self { database, within }
    }

    async fn answered(
        transaction: &Transaction<'_>,
        envelope: &Envelope,
        doing: &str,
    ) -> Result<Option<TakenExtract>, WriteError> {
        let statement = include_str!("../sql/idempotency_extract.sql");
        let row = answered_before(transaction, statement, envelope, doing).await?;
        Ok(row
            .map(|row| decode(&row, doing))
            .transpose()?
            .map(|extract| TakenExtract::New(Box::new(extract))))
    }
}

/// Waits for other extracts to be done; since when no number may have been in another because of that.
async fn one_at_a_time(transaction: &Transaction<'_>) -> Result<Option<Timestamp>, tokio_postgres::Error> {
    let row = transaction.query_one(include_str!("../sql/extract_lock.sql"), &[]).await?;
    if row.get("is_alone") {
        return Ok(None);
    }
    transaction.execute(include_str!("../sql/extract_wait.sql"), &[]).await?;
    Ok(Some(row.get::<_, Timestamp>("asked_at") - AT_ONCE))
}

/// What is left of the time that an extract may take is what its next statement may take.
async fn limit(
    transaction: &Transaction<'_>,
    (began, within): (Instant, Duration),
) -> Result<(), tokio_postgres::Error> {
    let left = within.saturating_sub(began.elapsed()).as_millis().max(1);
    let limits = format!("SET LOCAL statement_timeout = '{left}ms'; SET LOCAL lock_timeout = '{left}ms'");
    transaction.batch_execute(&limits).await
}

/// A way to pick numbers, for as many as are wanted.
struct Picking<'a> {
    transaction: &'a Transaction<'a>,
    order: &'a ExtractOrder,
    /// Since when none may have been in an extract.
    since: Option<Timestamp>,
    doing: &'a str,
}

impl Picking<'_> {
    /// Gathers numbers, and answers how many there are of those that are wanted.
    async fn pick(&self) -> Result<u64, StoreError> {
        let failed = |error: tokio_postgres::Error| classify(self.doing, &error);
        self.transaction.batch_execute(include_str!("../sql/picked_create.sql")).await.map_err(failed)?;
        self.transaction.batch_execute(MEMORY).await.map_err(failed)?;
        let fit = estimate(self.transaction, &self.order.segment, self.doing).await?;
        let all = self
            .transaction
            .query_one(include_str!("../sql/contacts_reckoned.sql"), &[])
            .await
            .map_err(failed)?;
        #[expect(clippy::cast_precision_loss, reason = "a reckoning")]
        let (fit, all) = ((fit as f64).max(1.0), all.get::<_, f64>(0).max(1.0));
        let are_many = LOOKED_UP * f64::from(self.order.plan.numbers) * all < fit * fit;
        match self.order.plan.pick {
            Pick::Random => {
                let fit = fit.min(all);
                if let Some(found) = self.draw(fit, all, are_many).await? {
                    return Ok(found);
                }
                let own: Own = vec![Box::new(self.order.id.0.to_string())];
                self.run(include_str!("../sql/extract_pick_hashing.sql"), own).await
            }
            Pick::Stable if are_many => {
                self.run(include_str!("../sql/extract_pick_walking.sql"), Vec::new()).await
            }
            Pick::Stable => self.run(include_str!("../sql/extract_pick_sorting.sql"), Vec::new()).await,
        }
    }

    /// Draws some of those who are reckoned to `fit`, of `all` contacts, and judges these; nothing when they are not enough.
    async fn draw(&self, fit: f64, all: f64, are_many: bool) -> Result<Option<u64>, StoreError> {
        let wanted = f64::from(self.order.plan.numbers);
        let unused = (1.0 - self.handed_out().await? / all).max(0.05);
        let mut drawn = wanted * DRAWN_BEYOND / unused + 100.0;
        for _ in 0..DRAWS_MAX {
            if drawn >= fit {
                break;
            }
            let found = if are_many {
                let pages = (drawn / fit).max(SPREAD * wanted / all).min(1.0);
                #[expect(clippy::cast_possible_truncation, reason = "a share")]
                let own: Own = vec![Box::new((pages * 100.0) as f32), Box::new(drawn / fit / pages)];
                self.run(include_str!("../sql/extract_pick_sampling.sql"), own).await?
            } else {
                #[expect(clippy::cast_possible_truncation, reason = "fewer than contacts")]
                let own: Own = vec![Box::new(self.order.id.0.to_string()), Box::new(drawn as i64)];
                self.run(include_str!("../sql/extract_pick_hashing_some.sql"), own).await?
            };
            if found >= u64::from(self.order.plan.numbers) {
                return Ok(Some(found));
            }
            let emptied = self.transaction.batch_execute("TRUNCATE picked").await;
            emptied.map_err(|error| classify(self.doing, &error))?;
            #[expect(clippy::cast_precision_loss, reason = "at most as many as are wanted")]
            let found = (found as f64).max(1.0);
            drawn *= wanted / found * DRAWN_BEYOND;
        }
        Ok(None)
    }

    /// How many numbers are reckoned to have been handed out too lately.
    async fn handed_out(&self) -> Result<f64, StoreError> {
        let Some(since) = self.since else { return Ok(0.0) };
        let estimate = include_str!("../sql/activity_estimate.sql");
        let planned = self.transaction.query(estimate, &[&since]).await;
        let planned = planned.map_err(|error| classify(self.doing, &error))?;
        #[expect(clippy::cast_precision_loss, reason = "a reckoning")]
        Ok(planned_rows(&planned, self.doing)? as f64)
    }

    /// Runs a statement that picks, which has `own` parameters besides those of all.
    async fn run(&self, sql: &str, own: Own) -> Result<u64, StoreError> {
        let plan = &self.order.plan;
        let unknown = plan.unknown_line_types == UnknownLineTypes::Allow;
        let mut parameters: Own =
            vec![Box::new(i64::from(plan.numbers)), Box::new(unknown), Box::new(self.since)];
        parameters.extend(own);
        let statement = SegmentStatement::new(sql, &self.order.segment, parameters);
        self.transaction
            .execute(&statement.sql, &statement.parameters())
            .await
            .map_err(|error| classify(self.doing, &error))
    }
}

/// Parameters of a statement.
type Own = Vec<Box<dyn ToSql + Send + Sync>>;

/// Writes the extract, its numbers and their activity.
async fn write(
    transaction: &Transaction<'_>,
    order: &ExtractOrder,
    envelope: &Envelope,
    doing: &str,
) -> Result<Extract, StoreError> {
    let failed = |error: tokio_postgres::Error| classify(doing, &error);
    let plan = &order.plan;
    let segment = serde_json::to_string(&plan.segment)
        .map_err(|error| corrupt(doing, format!("the segment is no JSON: {error}")))?;
    let seeds = transaction
        .execute(include_str!("../sql/extract_pick_seeds.sql"), &[&i64::from(plan.seeds)])
        .await
        .map_err(failed)?;
    let seeds = i32::try_from(seeds).map_err(|_| corrupt(doing, "there are too many seed numbers"))?;
    let id = order.id.0;
    let row = transaction
        .query_one(
            include_str!("../sql/extract_insert.sql"),
            &[
                &id,
                &segment,
                &plan.saved_segment.map(|saved| saved.id.0),
                &plan.saved_segment.map(|saved| saved.version.cast_signed()),
                &plan.numbers.cast_signed(),
                &seeds,
                &plan.unused_within_days.cast_signed(),
                &plan.pick.as_str(),
                &plan.format.as_str(),
                &envelope.actor.0,
                &envelope.at,
                &order.expires_at,
            ],
        )
        .await
        .map_err(failed)?;
    let statement = match plan.pick {
        Pick::Random => include_str!("../sql/extract_insert_shuffled.sql"),
        Pick::Stable => include_str!("../sql/extract_insert_numbers.sql"),
    };
    transaction.execute(statement, &[&id]).await.map_err(failed)?;
    transaction.execute(include_str!("../sql/extract_note_activity.sql"), &[]).await.map_err(failed)?;
    decode(&row, doing)
}

#[async_trait]
impl ExtractStore for PostgresExtractStore {
    async fn take(&self, order: ExtractOrder, envelope: Envelope) -> Result<TakenExtract, WriteError> {
        let doing = "make an extract";
        let failed = |error: tokio_postgres::Error| match error.code() {
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED => {
                StoreError::Unavailable {
                    doing: doing.to_owned(),
                    reason: format!(
                        "it takes longer than {} ms (extract.take_timeout_ms), or others are being made",
                        self.within.as_millis()
                    ),
                    source: None,
                }
            }
            _ => classify(doing, &error),
        };
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let time = (Instant::now(), self.within);
        limit(&transaction, time).await.map_err(failed)?;
        if !take_key(&transaction, &envelope, doing).await? {
            if let Some(before) = Self::answered(&transaction, &envelope, doing).await? {
                return Ok(before);
            }
            return Err(answer_is_gone(doing).into());
        }
        let at_once = one_at_a_time(&transaction).await.map_err(failed)?;
        limit(&transaction, time).await.map_err(failed)?;
        let taken: i64 = transaction
            .query_one(
                include_str!("../sql/extract_taken_since.sql"),
                &[&envelope.actor.0, &order.counted_since],
            )
            .await
            .map_err(failed)?
            .get("numbers");
        let left = order.numbers_max.saturating_sub(taken.cast_unsigned());
        if u64::from(order.plan.numbers) > left {
            return Ok(TakenExtract::OverLimit(left));
        }
        let days = i64::from(order.plan.unused_within_days);
        let unused_since = (days > 0).then(|| envelope.at - SignedDuration::from_hours(24 * days));
        // What is unused for so long was not handed out at the same time either.
        let since = unused_since.or(at_once);
        let picked = Picking { transaction: &transaction, order: &order, since, doing }.pick().await?;
        if picked < u64::from(order.plan.numbers) {
            return Ok(TakenExtract::Only(picked));
        }
        limit(&transaction, time).await.map_err(failed)?;
        let extract = write(&transaction, &order, &envelope, doing).await?;
        let id = extract.id.0;
        audit(&transaction, "extract.create", ("extract", &id.to_string()), &envelope, doing).await?;
        if let Some(used) = &envelope.idempotency {
            let statement = include_str!("../sql/idempotency_answer_extract.sql");
            transaction.execute(statement, &[&envelope.actor.0, &used.key, &id]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(TakenExtract::New(Box::new(extract)))
    }

    async fn find(&self, id: ExtractId) -> Result<Option<Extract>, StoreError> {
        let doing = "find an extract";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/extract_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn page(&self, before: Option<ExtractId>, limit: u16) -> Result<Vec<Extract>, StoreError> {
        let doing = "list extracts";
        let client = self.database.pooled(doing).await?;
        let before = before.map(|id| id.0);
        let rows = client
            .query(include_str!("../sql/extract_page.sql"), &[&before, &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn numbers(
        &self,
        id: ExtractId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<ExtractedNumber>, StoreError> {
        let doing = "read the numbers of an extract";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(
                include_str!("../sql/extract_numbers_page.sql"),
                &[&id.0, &after.cast_signed(), &i64::from(limit)],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter()
            .map(|row| {
                Ok(ExtractedNumber {
                    position: row.get::<_, i32>("position").cast_unsigned(),
                    phone: phone_from(row.get("phone_national"), doing)?,
                    place: row.get("place"),
                })
            })
            .collect()
    }

    async fn note_download(&self, id: ExtractId, envelope: Envelope) -> Result<Option<Extract>, StoreError> {
        let doing = "give the file of an extract out";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let row = transaction
            .query_opt(include_str!("../sql/extract_download.sql"), &[&id.0])
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let extract = decode(&row, doing)?;
        let count = u64::from(extract.numbers) + u64::from(extract.seeds);
        let object = id.0.to_string();
        audit_counted(&transaction, "extract.download", ("extract", &object), (&envelope, count), doing)
            .await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(extract))
    }

    async fn empty_expired(&self) -> Result<u64, StoreError> {
        let doing = "take the numbers of expired extracts away";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let expired =
            transaction.query_opt(include_str!("../sql/extract_expired.sql"), &[]).await.map_err(failed)?;
        let Some(expired) = expired else { return Ok(0) };
        let id: uuid::Uuid = expired.get("id");
        let gone = transaction
            .execute(include_str!("../sql/extract_empty.sql"), &[&id, &EMPTIED_MAX])
            .await
            .map_err(failed)?;
        if gone < EMPTIED_MAX.cast_unsigned() {
            transaction.execute(include_str!("../sql/extract_emptied.sql"), &[&id]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(gone.max(1))
    }

    async fn seeds(&self) -> Result<Vec<SeedNumber>, StoreError> {
        let doing = "list the seed numbers";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/seed_list.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode_seed(row, doing)).collect()
    }

    async fn put_seed(
        &self,
        phone: PhoneNumber,
        label: String,
        envelope: Envelope,
    ) -> Result<SeedNumber, StoreError> {
        let doing = "keep a seed number";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let row = transaction
            .query_one(
                include_str!("../sql/seed_put.sql"),
                &[&to_bigint(phone), &label, &envelope.actor.0, &envelope.at],
            )
            .await
            .map_err(failed)?;
        let seed = decode_seed(&row, doing)?;
        let masked = phone.masked().to_string();
        audit(&transaction, "seed_number.put", ("seed_number", &masked), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(seed)
    }

    async fn remove_seed(&self, phone: PhoneNumber, envelope: Envelope) -> Result<bool, StoreError> {
        let doing = "take a seed number away";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let removed = transaction
            .execute(include_str!("../sql/seed_remove.sql"), &[&to_bigint(phone)])
            .await
            .map_err(failed)?;
        if removed == 0 {
            return Ok(false);
        }
        let masked = phone.masked().to_string();
        audit(&transaction, "seed_number.delete", ("seed_number", &masked), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }
}

fn decode(row: &Row, doing: &str) -> Result<Extract, StoreError> {
    let broken = |column: &str| corrupt(doing, format!("{column} of an extract holds an unknown value"));
    let (pick, format): (&str, &str) = (row.get("picked"), row.get("format"));
    let segment: serde_json::Value = row.get("segment");
    let (saved, version): (Option<uuid::Uuid>, Option<i32>) =
        (row.get("segment_id"), row.get("segment_version"));
    Ok(Extract {
        id: ExtractId(row.get("id")),
        segment: serde_json::from_value(segment).map_err(|_| broken("segment"))?,
        saved_segment: saved
            .zip(version)
            .map(|(id, version)| SegmentVersion { id: SegmentId(id), version: version.cast_unsigned() }),
        numbers: row.get::<_, i32>("numbers").cast_unsigned(),
        seeds: row.get::<_, i32>("seeds").cast_unsigned(),
        pick: Pick::ALL.into_iter().find(|one| one.as_str() == pick).ok_or_else(|| broken("picked"))?,
        unused_within_days: row.get::<_, i32>("unused_within_days").cast_unsigned(),
        format: ExtractFormat::ALL
            .into_iter()
            .find(|one| one.as_str() == format)
            .ok_or_else(|| broken("format"))?,
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        downloads: row.get::<_, i32>("downloads").cast_unsigned(),
    })
}

fn decode_seed(row: &Row, doing: &str) -> Result<SeedNumber, StoreError> {
    Ok(SeedNumber {
        phone: phone_from(row.get("phone_national"), doing)?,
        label: row.get("label"),
        times_used: row.get::<_, i64>("times_used").cast_unsigned(),
        last_used_at: row.get("last_used_at"),
        created_at: row.get("created_at"),
    })
}
