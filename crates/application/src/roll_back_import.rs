//! What an import brought is taken away again.

use std::sync::Arc;

use domain::import::{Import, ImportId};
use domain::port::{ImportStore, ReferringCampaign, StoreError};

/// Takes an import back.
pub struct RollBackImport {
    /// Where its rows are.
    pub imports: Arc<dyn ImportStore>,
}

/// What is done about contacts that campaigns wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referenced {
    /// Nothing is taken back while there is one.
    Refuse,
    /// They stay, and the others go.
    Keep,
}

/// Told how a rollback goes, and asked whether it shall go on.
pub trait RollbackObserver: Send + Sync {
    /// It began or goes on.
    fn began(&self, import: &Import);
    /// So many contacts are gone in this run.
    fn progressed(&self, removed: u64);
    /// This step that makes the table ready has been done.
    fn finished_step(&self, step: &str);
    /// Whether to stop at the next safe place.
    fn is_stop_requested(&self) -> bool;
}

/// Why a rollback did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// The store refused or is away. What is gone stays gone, and the rollback can go on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Campaigns refer to what would go.
    #[error(
        "campaigns wrote to contacts of import {id}: {}; with --keep-referenced these contacts stay and the others go",
        named(campaigns)
    )]
    Referred {
        /// The import.
        id: ImportId,
        /// The campaigns with most messages to its contacts.
        campaigns: Vec<ReferringCampaign>,
    },
    /// The program was asked to stop.
    #[error("stopped as asked; go on with `migrator rollback {0}`")]
    Interrupted(ImportId),
}

fn named(campaigns: &[ReferringCampaign]) -> String {
    let name = |one: &ReferringCampaign| format!("{} ({}, {} messages)", one.name, one.id.0, one.messages);
    campaigns.iter().map(name).collect::<Vec<_>>().join(", ")
}

impl RollBackImport {
    /// Takes away all that the import brought and nothing else, and returns how many contacts went in this run.
    ///
    /// # Errors
    /// As [`RollbackError`] says; after any of them the same call goes on.
    pub async fn execute(
        &self,
        id: ImportId,
        referenced: Referenced,
        observer: &dyn RollbackObserver,
    ) -> Result<u64, RollbackError> {
        if referenced == Referenced::Refuse {
            let campaigns = self.imports.referring_campaigns(id).await?;
            if !campaigns.is_empty() {
                return Err(RollbackError::Referred { id, campaigns });
            }
        }
        let mut rollback = self.imports.roll_back(id).await?;
        observer.began(&rollback.import());
        if referenced == Referenced::Keep {
            rollback.keep_referenced().await?;
        }
        let heed_stop =
            || if observer.is_stop_requested() { Err(RollbackError::Interrupted(id)) } else { Ok(()) };
        let mut removed = 0;
        while let some @ 1.. = rollback.remove_some().await? {
            removed += some;
            observer.progressed(removed);
            heed_stop()?;
        }
        // The tables are whole before the import counts as gone: a rollback that dies meanwhile goes on.
        while let Some(step) = rollback.next_finishing_step().await? {
            observer.finished_step(&step);
            heed_stop()?;
        }
        rollback.close().await?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use domain::import::{ImportState, NOTHING_READ, Tally};
    use domain::port::{MockImportRollback, MockImportStore};
    use domain::source::SourceDescription;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    const ID: ImportId = ImportId(Uuid::from_u128(7));

    #[derive(Default)]
    struct Heard {
        said: Mutex<Vec<String>>,
        stop: AtomicBool,
    }

    impl RollbackObserver for Heard {
        fn began(&self, import: &Import) {
            self.said.lock().unwrap().push(format!("began {}", import.source.file_name));
        }

        fn progressed(&self, removed: u64) {
            self.said.lock().unwrap().push(format!("removed {removed}"));
        }

        fn finished_step(&self, step: &str) {
            self.said.lock().unwrap().push(step.to_owned());
        }

        fn is_stop_requested(&self) -> bool {
            self.stop.load(Ordering::Relaxed)
        }
    }

    fn import() -> Import {
        Import {
            id: ID,
            state: ImportState::RollingBack,
            source: SourceDescription {
                file_name: "numeros.db".to_owned(),
                path: None,
                file_bytes: 1,
                fingerprint: "f".to_owned(),
                rows: 3,
                last_id: 3,
            },
            last_source_row_id: NOTHING_READ,
            tally: Tally::default(),
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: None,
        }
    }

    fn store(rollback: impl FnOnce(&mut MockImportRollback)) -> RollBackImport {
        let mut opened = MockImportRollback::new();
        opened.expect_import().returning(import);
        rollback(&mut opened);
        let mut imports = MockImportStore::new();
        imports.expect_referring_campaigns().returning(|_| Ok(Vec::new()));
        imports.expect_roll_back().return_once(move |_| Ok(Box::new(opened)));
        RollBackImport { imports: Arc::new(imports) }
    }

    #[tokio::test]
    async fn contacts_go_first_then_the_tables_are_made_whole_then_the_import_ends() {
        let heard = Heard::default();
        let mut left = vec![0, 2, 5];
        let mut steps = vec!["index"];
        let use_case = store(|rollback| {
            rollback.expect_remove_some().returning(move || Ok(left.pop().unwrap()));
            rollback.expect_next_finishing_step().returning(move || Ok(steps.pop().map(str::to_owned)));
            rollback.expect_close().once().returning(|| Ok(()));
        });
        assert_eq!(use_case.execute(ID, Referenced::Refuse, &heard).await.unwrap(), 7);
        assert_eq!(*heard.said.lock().unwrap(), ["began numeros.db", "removed 5", "removed 7", "index"]);
    }

    #[tokio::test]
    async fn a_stop_leaves_it_to_go_on() {
        let heard = Heard::default();
        heard.stop.store(true, Ordering::Relaxed);
        let use_case = store(|rollback| {
            rollback.expect_remove_some().once().returning(|| Ok(5));
            rollback.expect_close().never();
        });
        let stopped = use_case.execute(ID, Referenced::Refuse, &heard).await.unwrap_err();
        assert!(stopped.to_string().contains(&format!("migrator rollback {ID}")), "{stopped}");
    }
}
