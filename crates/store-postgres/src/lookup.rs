//! What was looked up of numbers, and the calls that may be made.

use std::time::Duration;

use async_trait::async_trait;
use domain::contact::ContactId;
use domain::lookup::{KeptLookup, LookedUp};
use domain::money::{Currency, Money};
use domain::phone::PhoneNumber;
use domain::port::{
    KnownLookup, LookupCandidate, LookupCount, LookupPage, LookupScope, LookupStore, Reservation, StoreError,
};
use domain::request::Envelope;
use domain::segment::Segment;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::contact::{line_type_of, phone_from, to_bigint};
use crate::database::Database;
use crate::error::{classify, corrupt};
use crate::segment::SegmentStatement;

/// The provider whose calls are counted.
const PROVIDER: &str = "telnyx";

/// The shortest wait: nobody asks again and again for nothing.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// What bounds looking numbers up.
#[derive(Debug, Clone)]
pub struct LookupStoreOptions {
    /// For how long a lookup is fresh.
    pub keep_for: Duration,
    /// The most calls of a day, over all programs.
    pub calls_per_day_max: u32,
    /// The most calls a second, over all programs.
    pub per_second: u32,
    /// How much of that pace is sold ahead, and the most that is set aside at once.
    pub pace_ahead: Duration,
    /// By whose calendar a day is meant: a name of the IANA database.
    pub zone: String,
    /// Contacts that are looked at at once.
    pub window_contacts: u32,
}

/// [`LookupStore`] over `number_lookups`, `lookup_budgets` and `contacts`.
pub struct PostgresLookupStore {
    database: Database,
    options: LookupStoreOptions,
}

impl PostgresLookupStore {
    /// The lookups of `database`.
    #[must_use]
    pub fn new(database: Database, options: LookupStoreOptions) -> Self {
        Self { database, options }
    }
}

fn is_even_if_known(scope: LookupScope) -> bool {
    match scope {
        LookupScope::UnknownAlone => false,
        LookupScope::EvenIfKnown => true,
    }
}

#[async_trait]
impl LookupStore for PostgresLookupStore {
    async fn known(&self, phones: Vec<PhoneNumber>) -> Result<Vec<KnownLookup>, StoreError> {
        let doing = "find what was looked up of numbers";
        let phones: Vec<i64> = phones.into_iter().map(to_bigint).collect();
        let fresh = self.options.keep_for.as_secs_f64();
        let rows =
            self.database.query(doing, include_str!("../sql/lookup_known.sql"), &[&phones, &fresh]).await?;
        rows.iter().map(|row| known(row, doing)).collect()
    }

    async fn reserve(&self, most: u32) -> Result<Reservation, StoreError> {
        let doing = "set calls to the number lookup aside";
        let (most, per_day) = (i64::from(most), i64::from(self.options.calls_per_day_max));
        let (per_second, ahead) = (f64::from(self.options.per_second), self.options.pace_ahead.as_secs_f64());
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&PROVIDER, &most, &per_day, &per_second, &ahead, &self.options.zone];
        let rows = self.database.query(doing, include_str!("../sql/lookup_reserve.sql"), &parameters).await?;
        let row = rows.first().ok_or_else(|| corrupt(doing, "the provider has no budget"))?;
        let granted: i64 = row.get("calls_now");
        if let Some(granted) = u32::try_from(granted).ok().filter(|granted| *granted > 0) {
            return Ok(Reservation::Granted(granted));
        }
        if row.get::<_, i64>("left_today") == 0 {
            return Ok(Reservation::DayIsSpent { until: row.get("day_ends_at") });
        }
        let wait = Duration::try_from_secs_f64(row.get("wait_s")).unwrap_or_default();
        Ok(Reservation::Wait(wait.max(WAIT_MIN)))
    }

    async fn hold_off(&self, wait: Duration) -> Result<(), StoreError> {
        let doing = "let nobody call the number lookup for a while";
        let statement = include_str!("../sql/lookup_hold_off.sql");
        self.database.execute(doing, statement, &[&PROVIDER, &wait.as_secs_f64()]).await.map(drop)
    }

    async fn keep(&self, lookups: Vec<KeptLookup>) -> Result<(), StoreError> {
        let doing = "keep what was looked up";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let phones: Vec<i64> = lookups.iter().map(|lookup| to_bigint(lookup.phone)).collect();
        let line_types: Vec<&str> = lookups.iter().map(|lookup| lookup.line.line_type.as_str()).collect();
        let carriers: Vec<Option<&str>> =
            lookups.iter().map(|lookup| lookup.line.carrier.as_deref()).collect();
        let ported: Vec<Option<bool>> = lookups.iter().map(|lookup| lookup.line.is_ported).collect();
        let times: Vec<Timestamp> = lookups.iter().map(|lookup| lookup.at).collect();
        let costs: Vec<i64> = lookups.iter().map(|lookup| lookup.cost.micros).collect();
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.execute(include_str!("../sql/lookups_lock.sql"), &[]).await.map_err(failed)?;
        transaction
            .execute(
                include_str!("../sql/lookup_keep.sql"),
                &[&phones, &line_types, &carriers, &ported, &times, &costs, &PROVIDER],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn count(&self, segment: Segment, scope: LookupScope) -> Result<LookupCount, StoreError> {
        let doing = "count the numbers to look up";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        // A connection of its own: all contacts take longer than a statement of the pool may.
        let client = self.database.single(doing).await?;
        let own: Vec<Box<dyn ToSql + Send + Sync>> =
            vec![Box::new(self.options.keep_for.as_secs_f64()), Box::new(is_even_if_known(scope))];
        let statement = SegmentStatement::new(include_str!("../sql/lookup_count.sql"), &segment, own);
        let row = client.query_one(&statement.sql, &statement.parameters()).await.map_err(failed)?;
        let per_day = i64::from(self.options.calls_per_day_max);
        let left = client
            .query_one(include_str!("../sql/lookup_left.sql"), &[&PROVIDER, &per_day, &self.options.zone])
            .await
            .map_err(failed)?;
        Ok(LookupCount {
            to_ask: row.get::<_, i64>("to_ask").cast_unsigned(),
            cached: row.get::<_, i64>("cached").cast_unsigned(),
            left_today: left.get::<_, i64>("left_today").cast_unsigned(),
        })
    }

    async fn page(
        &self,
        segment: Segment,
        scope: LookupScope,
        (after, up_to): (ContactId, ContactId),
        limit: u32,
    ) -> Result<LookupPage, StoreError> {
        let doing = "read the numbers to look up";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.pooled(doing).await?;
        let window = include_str!("../sql/job_tag_window.sql");
        let next = client
            .query_one(window, &[&after.0, &i64::from(self.options.window_contacts)])
            .await
            .map_err(failed)?;
        let last = next.get::<_, Option<i64>>("last_id").filter(|_| after < up_to);
        let Some(last) = last.map(|last| last.min(up_to.0)) else {
            return Ok(LookupPage { numbers: Vec::new(), last: None });
        };
        let own: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(after.0),
            Box::new(last),
            Box::new(i64::from(limit)),
            Box::new(self.options.keep_for.as_secs_f64()),
            Box::new(is_even_if_known(scope)),
        ];
        let statement = SegmentStatement::new(include_str!("../sql/lookup_page.sql"), &segment, own);
        let rows = client.query(&statement.sql, &statement.parameters()).await.map_err(failed)?;
        let numbers = rows.iter().map(|row| candidate(row, doing)).collect::<Result<Vec<_>, _>>()?;
        // Behind the last of a full page there may be more in the same window.
        let is_full = numbers.len() >= limit as usize;
        let last = numbers.last().filter(|_| is_full).map_or(ContactId(last), |number| number.id);
        Ok(LookupPage { numbers, last: Some(last) })
    }

    async fn last_contact(&self) -> Result<ContactId, StoreError> {
        let doing = "find the last contact";
        let rows = self.database.query(doing, include_str!("../sql/lookup_last_contact.sql"), &[]).await?;
        Ok(ContactId(rows.first().map_or(0, |row| row.get("last_id"))))
    }

    async fn note(&self, numbers: u64, envelope: Envelope) -> Result<(), StoreError> {
        let doing = "note that numbers are looked up";
        let numbers = i64::try_from(numbers).unwrap_or(i64::MAX);
        let address = envelope.remote_addr.map(|address| address.to_string());
        self.database
            .execute(
                doing,
                include_str!("../sql/lookup_note.sql"),
                &[&envelope.actor.0, &envelope.request_id, &address, &numbers],
            )
            .await
            .map(drop)
    }
}

fn candidate(row: &Row, doing: &str) -> Result<LookupCandidate, StoreError> {
    Ok(LookupCandidate {
        id: ContactId(row.get("id")),
        phone: phone_from(row.get("phone_national"), doing)?,
        is_cached: row.get("is_cached"),
    })
}

fn known(row: &Row, doing: &str) -> Result<KnownLookup, StoreError> {
    let line = LookedUp {
        line_type: line_type_of(row.get("line_type"), doing)?,
        carrier: row.get("carrier"),
        is_ported: row.get("is_ported"),
    };
    Ok(KnownLookup {
        lookup: KeptLookup {
            phone: phone_from(row.get("phone_national"), doing)?,
            line,
            provider: row.get("provider"),
            at: row.get("looked_up_at"),
            cost: Money { micros: row.get("cost_micros"), currency: Currency::MXN },
        },
        is_fresh: row.get("is_fresh"),
    })
}
