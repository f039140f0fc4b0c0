//! Putting `contacts` back into the shape that readers rely on, one step at a time.

use domain::port::StoreError;
use tokio_postgres::{Client, Row};

use super::connections::BulkConnections;
use super::path::drop_index;
use crate::census::REFRESH_BY_STATE;
use crate::error::{classify, exactly_one};

/// The steps that are left.
pub(crate) struct Finishing {
    connections: BulkConnections,
    /// The next one last; `None` before the first was asked for.
    steps: Option<Vec<Step>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// One index, or two at once.
    BuildIndexes(Index, Option<Index>),
    /// All contacts are counted, and from then on every change is noted.
    Count,
    /// Contacts get what was looked up of their numbers.
    ApplyLookups,
    VacuumAnalyze,
    RefreshContactsByState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Index {
    name: String,
    definition: String,
}

impl Index {
    /// PostgreSQL builds such an index by one process, others by several.
    fn is_built_by_one(&self) -> bool {
        self.definition.contains(" USING gin ")
    }
}

impl Finishing {
    pub(crate) fn new(connections: BulkConnections) -> Self {
        Self { connections, steps: None }
    }

    /// Does the next step and names it; `None` when all is done. A step that fails stays the next one.
    pub(crate) async fn next(&mut self, client: &mut Client) -> Result<Option<String>, StoreError> {
        let steps = match &mut self.steps {
            Some(steps) => steps,
            none => none.insert(plan(client).await?),
        };
        let Some(step) = steps.last() else { return Ok(None) };
        let name = match step {
            Step::BuildIndexes(index, None) => {
                build(client, index).await?;
                format!("index {}", index.name)
            }
            Step::BuildIndexes(one, Some(other)) => {
                let mut helper = self.connections.helper("build an index").await?;
                let name = format!("indexes {} and {}", one.name, other.name);
                let (built, also_built) = futures::join!(build(client, one), build(&mut helper, other));
                // Each that is built is off the list by itself; what is left is planned anew when this is asked again.
                if let Err(error) = built.and(also_built) {
                    self.steps = None;
                    return Err(error);
                }
                name
            }
            Step::Count => {
                count(client).await?;
                "contact counts".to_owned()
            }
            Step::ApplyLookups => {
                apply_lookups(client).await?;
                "number lookups".to_owned()
            }
            Step::VacuumAnalyze => {
                run(client, "VACUUM (ANALYZE) contacts", "vacuum and analyse the contacts").await?;
                run(client, "ANALYZE import_rejects", "analyse the rejects").await?;
                "vacuum analyze".to_owned()
            }
            Step::RefreshContactsByState => {
                run(client, REFRESH_BY_STATE, "refresh contacts_by_state").await?;
                "contacts_by_state".to_owned()
            }
        };
        steps.pop();
        Ok(Some(name))
    }
}

async fn plan(client: &Client) -> Result<Vec<Step>, StoreError> {
    let rows = client
        .query(include_str!("../../sql/deferred_index_list.sql"), &[])
        .await
        .map_err(|error| classify("list the indexes to build", &error))?;
    let index = |row: &Row| Index { name: row.get("name"), definition: row.get("definition") };
    let (slow, others): (Vec<_>, Vec<_>) = rows.iter().map(index).partition(Index::is_built_by_one);
    let mut builds: Vec<Step> = others.into_iter().map(|index| Step::BuildIndexes(index, None)).collect();
    let mut slow = slow.into_iter();
    while let Some(one) = slow.next() {
        builds.push(Step::BuildIndexes(one, slow.next()));
    }
    let count = are_counts_stale(client).await?.then_some(Step::Count);
    let lookups = client
        .query_one(include_str!("../../sql/lookup_any.sql"), &[])
        .await
        .map_err(|error| classify("ask whether numbers were looked up", &error))?;
    let lookups = lookups.get::<_, bool>("is_any").then_some(Step::ApplyLookups);
    let last = [Step::RefreshContactsByState, Step::VacuumAnalyze];
    // Contacts are counted before others may come in, which the last index lets them. What was looked up is given to them when
    // their numbers are found by an index again.
    Ok(last.into_iter().chain(lookups).chain(builds.into_iter().rev()).chain(count).collect())
}

/// Whether contacts came in uncounted, and still do.
pub(super) async fn are_counts_stale(client: &Client) -> Result<bool, StoreError> {
    let stale = client
        .query_one(include_str!("../../sql/counts_are_stale.sql"), &[])
        .await
        .map_err(|error| classify("ask whether contacts are counted", &error))?;
    Ok(stale.get("are_stale"))
}

/// Builds an index and takes it off the list, in one transaction.
async fn build(client: &mut Client, index: &Index) -> Result<(), StoreError> {
    let doing = format!("build the index {}", index.name);
    let fail = |error: tokio_postgres::Error| classify(&doing, &error);
    let transaction = client.transaction().await.map_err(fail)?;
    // A build on the live system that was killed leaves an index behind, valid or not, and still on the list.
    transaction.batch_execute(&drop_index(&index.name)).await.map_err(fail)?;
    transaction.batch_execute(&index.definition).await.map_err(fail)?;
    let forgotten = transaction
        .execute(include_str!("../../sql/deferred_index_delete.sql"), &[&index.name])
        .await
        .map_err(fail)?;
    exactly_one(forgotten, &doing, "somebody else built it")?;
    transaction.commit().await.map_err(fail)
}

/// Counts all contacts while nobody changes them; readers go on.
async fn count(client: &mut Client) -> Result<(), StoreError> {
    let fail = |error: tokio_postgres::Error| classify("count the contacts", &error);
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.batch_execute("LOCK TABLE contacts IN SHARE ROW EXCLUSIVE MODE").await.map_err(fail)?;
    transaction.execute(include_str!("../../sql/counts_forget.sql"), &[]).await.map_err(fail)?;
    transaction.execute(include_str!("../../sql/counts_all.sql"), &[]).await.map_err(fail)?;
    transaction.execute(include_str!("../../sql/counts_version_advance.sql"), &[]).await.map_err(fail)?;
    let from_now_on = "ALTER TABLE contacts ENABLE TRIGGER contacts_counted_insert";
    transaction.batch_execute(from_now_on).await.map_err(fail)?;
    transaction.commit().await.map_err(fail)
}

/// Gives contacts what was looked up of their numbers, while nobody looks further ones up.
async fn apply_lookups(client: &mut Client) -> Result<(), StoreError> {
    let fail = |error: tokio_postgres::Error| classify("give contacts what was looked up", &error);
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.execute(include_str!("../../sql/lookups_lock.sql"), &[]).await.map_err(fail)?;
    transaction.execute(include_str!("../../sql/lookup_apply.sql"), &[]).await.map_err(fail)?;
    transaction.commit().await.map_err(fail)
}

async fn run(client: &Client, statement: &str, doing: &str) -> Result<(), StoreError> {
    client.batch_execute(statement).await.map_err(|error| classify(doing, &error))
}
