//! Putting `contacts` back into the shape that readers rely on, one step at a time.

use domain::port::StoreError;
use tokio_postgres::Client;

use crate::error::{classify, exactly_one};

/// The steps that are left.
#[derive(Default)]
pub(crate) struct Finishing {
    /// The next one last; `None` before the first was asked for.
    steps: Option<Vec<Step>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    BuildIndex { name: String, definition: String },
    VacuumAnalyze,
    RefreshContactsByState,
}

impl Finishing {
    /// Does the next step and names it; `None` when all is done. A step that fails stays the next one.
    pub(crate) async fn next(&mut self, client: &mut Client) -> Result<Option<String>, StoreError> {
        let steps = match &mut self.steps {
            Some(steps) => steps,
            none => none.insert(plan(client).await?),
        };
        let Some(step) = steps.last() else { return Ok(None) };
        let name = match step {
            Step::BuildIndex { name, definition } => {
                build(client, name, definition).await?;
                format!("index {name}")
            }
            Step::VacuumAnalyze => {
                run(client, "VACUUM (ANALYZE) contacts", "vacuum and analyse the contacts").await?;
                run(client, "ANALYZE import_rejects", "analyse the rejects").await?;
                "vacuum analyze".to_owned()
            }
            Step::RefreshContactsByState => {
                let refresh = "REFRESH MATERIALIZED VIEW CONCURRENTLY contacts_by_state";
                run(client, refresh, "refresh contacts_by_state").await?;
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
    let indexes = rows
        .iter()
        .rev()
        .map(|row| Step::BuildIndex { name: row.get("name"), definition: row.get("definition") });
    Ok([Step::RefreshContactsByState, Step::VacuumAnalyze].into_iter().chain(indexes).collect())
}

/// Builds an index and takes it off the list, in one transaction.
async fn build(client: &mut Client, name: &str, definition: &str) -> Result<(), StoreError> {
    let doing = format!("build the index {name}");
    let fail = |error: tokio_postgres::Error| classify(&doing, &error);
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.batch_execute(definition).await.map_err(fail)?;
    let forgotten = transaction
        .execute(include_str!("../../sql/deferred_index_delete.sql"), &[&name])
        .await
        .map_err(fail)?;
    exactly_one(forgotten, &doing, "somebody else built it")?;
    transaction.commit().await.map_err(fail)
}

async fn run(client: &Client, statement: &str, doing: &str) -> Result<(), StoreError> {
    client.batch_execute(statement).await.map_err(|error| classify(doing, &error))
}
