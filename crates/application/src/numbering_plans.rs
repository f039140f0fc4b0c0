//! The numbering plan: loaded from the regulator's file, known to the programs, and what contacts are classed by.

use std::sync::{Arc, PoisonError, RwLock};

use domain::numbering::{NumberingPlan, PlanChanges, PlanFile, PlanRefused, TooManyCarriers};
use domain::port::{Clock, NewPlan, NumberingPlanStore, PlanVersion, StoreError};
use domain::request::Envelope;
use sha2::{Digest, Sha256};

/// Loads the regulator's file as a new version.
pub struct LoadNumberingPlan {
    /// Where plans are kept.
    pub plans: Arc<dyn NumberingPlanStore>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

/// A plan that was read and is not in force yet.
#[derive(Debug)]
pub struct ProposedPlan {
    /// What would be kept.
    pub new: NewPlan,
    /// The file as it was read.
    pub file: PlanFile,
    /// The version in force, and how the new one differs from it.
    pub before: Option<(PlanVersion, PlanChanges)>,
}

impl ProposedPlan {
    /// Whether the file is the one that is in force.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.before.as_ref().is_some_and(|(before, _)| before.file_sha256 == self.new.file_sha256)
    }

    /// Whether the file is older than the one in force.
    #[must_use]
    pub fn is_older(&self) -> bool {
        self.before.as_ref().is_some_and(|(before, _)| self.new.latest < before.latest)
    }
}

/// Why a plan was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadPlanError {
    /// The file is no plan.
    #[error(transparent)]
    File(#[from] PlanRefused),
    /// It has too many carriers to be one of Mexico.
    #[error(transparent)]
    Carriers(#[from] TooManyCarriers),
    /// The store refused or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LoadNumberingPlan {
    /// Reads a file and says how it differs from the plan in force; nothing takes effect.
    ///
    /// # Errors
    /// When the file is no plan, or the store is away.
    pub async fn propose(&self, file_name: String, bytes: &[u8]) -> Result<ProposedPlan, LoadPlanError> {
        let file = PlanFile::read(bytes)?;
        let plan = NumberingPlan::compile(&file.assignments)?;
        let before = match self.plans.in_force().await? {
            None => None,
            Some(version) => {
                let old = self.plans.plan(version.version).await?;
                Some((version, plan.changes_since(&old)))
            }
        };
        let file_sha256 = hex::encode(Sha256::digest(bytes));
        let new = NewPlan {
            file_name,
            file_sha256,
            format: file.format,
            latest: file.latest,
            malformed_lines: file.malformed_lines,
            plan: Arc::new(plan),
        };
        Ok(ProposedPlan { new, file, before })
    }

    /// Puts a proposed plan in force.
    ///
    /// # Errors
    /// When the store refuses or is away; then the one before stays in force.
    pub async fn put_in_force(&self, proposed: ProposedPlan) -> Result<PlanVersion, StoreError> {
        self.plans.put_in_force(proposed.new, Envelope::of_program("migrator", self.clock.now())).await
    }
}

/// Classes every contact by the plan in force.
pub struct Reclassify {
    /// Where plans and contacts are.
    pub plans: Arc<dyn NumberingPlanStore>,
}

/// What reclassifying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReclassifyOutcome {
    /// By which version.
    pub version: PlanVersion,
    /// Contacts that were looked at.
    pub seen: u64,
    /// Contacts that changed.
    pub changed: u64,
    /// Contacts whose number is in no range of the plan.
    pub unmatched: u64,
}

/// Why contacts were not all classed.
#[derive(Debug, thiserror::Error)]
pub enum ReclassifyError {
    /// There is no plan.
    #[error("no numbering plan is in force; load one with `migrator numbering-plan load FILE`")]
    NoPlan,
    /// It was asked to stop.
    #[error("stopped as asked after {seen} contacts; run it again")]
    Interrupted {
        /// How many were looked at.
        seen: u64,
    },
    /// The store refused or is away. What is classed stays so.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reclassify {
    /// Classes every contact. `on_page` hears how many were seen and changed so far, and says whether to go on.
    ///
    /// # Errors
    /// As [`ReclassifyError`] says; the same call begins anew.
    pub async fn execute(
        &self,
        mut on_page: impl FnMut(u64, u64) -> bool,
    ) -> Result<ReclassifyOutcome, ReclassifyError> {
        let version = self.plans.in_force().await?.ok_or(ReclassifyError::NoPlan)?;
        let plan = Arc::new(self.plans.plan(version.version).await?);
        let (mut seen, mut changed, mut unmatched, mut after) = (0, 0, 0, i64::MIN);
        loop {
            let page = self.plans.reclassify_some(Arc::clone(&plan), after).await?;
            let Some(last) = page.last else { break };
            after = last;
            seen += page.seen;
            changed += page.changed;
            unmatched += page.unmatched;
            if !on_page(seen, changed) {
                return Err(ReclassifyError::Interrupted { seen });
            }
        }
        self.plans.end_reclassifying(version.version).await?;
        Ok(ReclassifyOutcome { version, seen, changed, unmatched })
    }
}

/// The plan in force, as a program that runs for long knows it.
pub struct KnownPlan {
    plans: Arc<dyn NumberingPlanStore>,
    known: RwLock<Option<(PlanVersion, Arc<NumberingPlan>)>>,
}

impl KnownPlan {
    /// Knows nothing until it is refreshed.
    #[must_use]
    pub fn new(plans: Arc<dyn NumberingPlanStore>) -> Self {
        Self { plans, known: RwLock::new(None) }
    }

    /// Reads the plan where another version is in force than the one that is known; says whether it was.
    ///
    /// # Errors
    /// When the store is away; then what is known stays.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        let Some(version) = self.plans.in_force().await? else { return Ok(false) };
        if self.in_force().is_some_and(|(known, _)| known.version == version.version) {
            return Ok(false);
        }
        let plan = self.plans.plan(version.version).await?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::new(plan)));
        Ok(true)
    }

    /// The plan with its version, if one is known.
    #[must_use]
    pub fn in_force(&self) -> Option<(PlanVersion, Arc<NumberingPlan>)> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The plan, if one is known.
    #[must_use]
    pub fn plan(&self) -> Option<Arc<NumberingPlan>> {
        self.in_force().map(|(_, plan)| plan)
    }
}

#[cfg(test)]
mod tests {
    use domain::phone::PhoneNumber;
    use domain::port::{MockNumberingPlanStore, Reclassified};
    use jiff::Timestamp;

    use super::*;

    fn version(version: i32) -> PlanVersion {
        PlanVersion {
            version,
            file_name: "plan.csv".to_owned(),
            file_sha256: "00".to_owned(),
            latest: None,
            ranges: 1,
            loaded_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn plan() -> NumberingPlan {
        let file = "NUMERACION_INICIAL,NUMERACION_FINAL,MODALIDAD,RAZON_SOCIAL,FECHA_ASIGNACION\n\
                    5512340000,5512349999,CPP,UNA,01/02/2020\n";
        NumberingPlan::compile(&PlanFile::read(file.as_bytes()).unwrap().assignments).unwrap()
    }

    #[tokio::test]
    async fn a_plan_is_read_again_only_when_another_is_in_force() {
        let mut plans = MockNumberingPlanStore::new();
        let mut versions = vec![Some(version(2)), Some(version(1)), Some(version(1)), None];
        plans.expect_in_force().returning(move || Ok(versions.pop().unwrap()));
        plans.expect_plan().times(2).returning(|_| Ok(plan()));
        let known = KnownPlan::new(Arc::new(plans));
        let mut read = Vec::new();
        for _ in 0..4 {
            read.push(known.refresh().await.unwrap());
        }
        assert_eq!(read, [false, true, false, true]);
        let number = PhoneNumber::parse("55 1234 5678").unwrap();
        assert_eq!(known.plan().unwrap().look_up(number).unwrap().carrier, Some("UNA"));
    }

    #[tokio::test]
    async fn contacts_are_classed_page_by_page_and_a_stop_is_heeded() {
        let paged = || {
            let mut plans = MockNumberingPlanStore::new();
            plans.expect_in_force().returning(|| Ok(Some(version(3))));
            plans.expect_plan().withf(|version| *version == 3).returning(|_| Ok(plan()));
            plans.expect_reclassify_some().returning(|_, after| {
                let last = match after {
                    i64::MIN => Some(20),
                    20 => Some(40),
                    _ => None,
                };
                Ok(Reclassified { seen: 20, changed: 5, unmatched: 2, last })
            });
            plans
        };
        let mut plans = paged();
        plans.expect_end_reclassifying().once().returning(|_| Ok(()));
        let outcome = Reclassify { plans: Arc::new(plans) }.execute(|_, _| true).await.unwrap();
        assert_eq!((outcome.seen, outcome.changed, outcome.unmatched), (40, 10, 4));
        let stopped = Reclassify { plans: Arc::new(paged()) }.execute(|_, _| false).await;
        assert!(matches!(stopped, Err(ReclassifyError::Interrupted { seen: 20 })));
    }
}
