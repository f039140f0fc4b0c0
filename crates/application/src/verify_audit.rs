//! The audit log is walked from its first line to its last, and what does not fit its chain is told.

use std::fmt;
use std::sync::Arc;

use domain::audit::{ChainHash, ChainLink, ChainPoint};
use domain::port::{AuditLog, StoreError};
use sha2::{Digest, Sha256};

/// Links, and lines, that are looked at at once.
const PAGE: u32 = 2_000;
/// Of what does not fit so much is kept to be told; the rest is counted.
const FAULTS_TOLD: usize = 100;

/// Verifies the audit log.
pub struct VerifyAudit {
    /// The log.
    pub log: Arc<dyn AuditLog>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// The line there is not the one that was chained, or stands behind another.
    Changed {
        /// Where in the chain.
        place: i64,
        /// Which line.
        line_id: i64,
    },
    /// The line there is gone.
    Missing {
        /// Where in the chain.
        place: i64,
        /// Which line.
        line_id: i64,
    },
    /// Links are gone, their lines with them or not.
    LinksMissing {
        /// The first of them.
        first: i64,
        /// The last.
        last: i64,
    },
    /// A line stands outside the chain: it was put in past the program.
    Inserted {
        /// Which line.
        line_id: i64,
    },
    /// The chain ends elsewhere than it is said to: its end was cut off, or added to.
    EndsElsewhere {
        /// Where it is said to end; `None` where that is gone.
        said: Option<i64>,
        /// Where it ends.
        found: i64,
    },
    /// The chain has no such hash as was expected: lines that were there are not, or are others.
    NotExpected,
}

impl AuditFault {
    /// A word for programs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Missing { .. } => "missing",
            Self::LinksMissing { .. } => "links_missing",
            Self::Inserted { .. } => "inserted",
            Self::EndsElsewhere { .. } => "ends_elsewhere",
            Self::NotExpected => "not_expected",
        }
    }

    /// The line that it is about, where it is about one.
    #[must_use]
    pub fn line_id(&self) -> Option<i64> {
        match self {
            Self::Changed { line_id, .. } | Self::Missing { line_id, .. } | Self::Inserted { line_id } => {
                Some(*line_id)
            }
            Self::LinksMissing { .. } | Self::EndsElsewhere { .. } | Self::NotExpected => None,
        }
    }
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { place, line_id } => {
                write!(
                    f,
                    "line {line_id} at place {place} was changed or moved, or what it stands behind was"
                )
            }
            Self::Missing { place, line_id } => write!(f, "line {line_id} at place {place} was taken out"),
            Self::LinksMissing { first, last } => write!(f, "places {first} to {last} were taken out"),
            Self::Inserted { line_id } => {
                write!(f, "line {line_id} was put in: it has no place in the chain")
            }
            Self::EndsElsewhere { said: Some(said), found } => {
                write!(
                    f,
                    "the chain ends at place {found}, and was left at place {said} or with another hash there"
                )
            }
            Self::EndsElsewhere { said: None, found } => {
                write!(f, "the chain ends at place {found}, and where it was left is not kept any more")
            }
            Self::NotExpected => f.write_str("the expected hash is not in the chain"),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Lines that the chain has.
    pub lines: u64,
    /// Where it ends.
    pub head: ChainPoint,
    /// The first of what does not fit.
    pub faults: Vec<AuditFault>,
    /// How much does not fit.
    pub faults_total: u64,
}

impl VerifyAudit {
    /// Where the chain is said to end, to know how long the way is.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn lines_said(&self) -> Result<u64, StoreError> {
        let head = self.log.head().await?;
        Ok(head.map_or(0, |head| u64::try_from(head.place).unwrap_or_default()))
    }

    /// Walks the chain, then the lines; a chain that grows meanwhile is followed. `expected` is a hash that it must have somewhere,
    /// kept from an earlier time in another place. `on_lines` hears how many lines of the chain were looked at.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(
        &self,
        expected: Option<&ChainHash>,
        mut on_lines: impl FnMut(u64) + Send,
    ) -> Result<AuditVerdict, StoreError> {
        let mut walk = Walk::begin(expected);
        let said = loop {
            let before = walk.lines;
            while self.walk_page(&mut walk).await? {
                on_lines(walk.lines);
            }
            let said = self.log.head().await?;
            let is_ahead = said.as_ref().is_some_and(|said| said.place > walk.head.place);
            // What is said to be there and is not was either added just now, or is gone.
            if !is_ahead || walk.lines == before {
                break said;
            }
        };
        if said.as_ref() != Some(&walk.head) {
            let (said, found) = (said.map(|said| said.place), walk.head.place);
            walk.note(AuditFault::EndsElsewhere { said, found });
        }
        let mut after = i64::MIN;
        while let Some(looked) = self.log.loose_lines(after, PAGE).await? {
            looked.loose.into_iter().for_each(|line_id| walk.note(AuditFault::Inserted { line_id }));
            after = looked.last;
        }
        if expected.is_some() && !walk.is_expected_there {
            walk.note(AuditFault::NotExpected);
        }
        let Walk { lines, head, faults, faults_total, .. } = walk;
        Ok(AuditVerdict { lines, head, faults, faults_total })
    }

    async fn walk_page(&self, walk: &mut Walk<'_>) -> Result<bool, StoreError> {
        let links = self.log.links(walk.behind, PAGE).await?;
        let is_some = !links.is_empty();
        for link in links {
            walk.step(link);
        }
        Ok(is_some)
    }
}

/// How far the chain was walked.
struct Walk<'a> {
    expected: Option<&'a ChainHash>,
    is_expected_there: bool,
    lines: u64,
    /// The last link; of an empty chain, what the first would stand behind.
    head: ChainPoint,
    /// Links behind this place are still to be walked.
    behind: i64,
    faults: Vec<AuditFault>,
    faults_total: u64,
}

impl<'a> Walk<'a> {
    fn begin(expected: Option<&'a ChainHash>) -> Self {
        Self {
            expected,
            is_expected_there: false,
            lines: 0,
            head: ChainPoint { place: 0, hash: ChainHash::origin() },
            behind: i64::MIN,
            faults: Vec::new(),
            faults_total: 0,
        }
    }

    fn note(&mut self, fault: AuditFault) {
        self.faults_total += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(fault);
        }
    }

    fn step(&mut self, link: ChainLink) {
        let ChainLink { point, line_id, line: chained } = link;
        let place = point.place;
        let next = self.head.place.saturating_add(1);
        if place > next {
            self.note(AuditFault::LinksMissing { first: next, last: place - 1 });
        }
        match chained {
            None => self.note(AuditFault::Missing { place, line_id }),
            // Behind a hole nobody knows what the line should stand behind; the hole is told.
            Some(written) if place == next => {
                let hash =
                    Sha256::new().chain_update(self.head.hash.as_bytes()).chain_update(written.canonical());
                if hash.finalize().as_slice() != point.hash.as_bytes() {
                    self.note(AuditFault::Changed { place, line_id });
                }
            }
            Some(_) if place < next => self.note(AuditFault::Changed { place, line_id }),
            Some(_) => {}
        }
        self.is_expected_there |= self.expected == Some(&point.hash);
        self.lines += 1;
        self.behind = place;
        self.head = point;
    }
}

#[cfg(test)]
mod tests {
    use domain::audit::LineFields;
    use domain::port::{LooseLines, MockAuditLog};

    use super::*;

    /// A chain of lines that say so, from the first place on.
    fn chain(lines: &[&str]) -> Vec<ChainLink> {
        let mut hash = ChainHash::origin();
        (1..)
            .zip(lines)
            .map(|(place, said)| {
                let line = LineFields(vec![Some(place.to_string()), Some((*said).to_owned()), None]);
                let whole = [hash.as_bytes(), line.canonical().as_bytes()].concat();
                hash = ChainHash::stored(&Sha256::digest(whole));
                let point = ChainPoint { place, hash: hash.clone() };
                ChainLink { point, line_id: place * 10, line: Some(line) }
            })
            .collect()
    }

    fn log(links: Vec<ChainLink>, head: Option<ChainPoint>, loose: Vec<i64>) -> VerifyAudit {
        let mut log = MockAuditLog::new();
        log.expect_head().returning(move || Ok(head.clone()));
        log.expect_links().returning(move |after, _| {
            Ok(links.iter().filter(|link| link.point.place > after).take(2).cloned().collect())
        });
        log.expect_loose_lines().returning(move |after, _| {
            Ok((after < 100).then(|| LooseLines { last: 100, loose: loose.clone() }))
        });
        VerifyAudit { log: Arc::new(log) }
    }

    async fn faults(links: Vec<ChainLink>, head: Option<ChainPoint>) -> Vec<AuditFault> {
        log(links, head, vec![]).execute(None, |_| {}).await.unwrap().faults
    }

    fn end(links: &[ChainLink]) -> Option<ChainPoint> {
        links.last().map(|link| link.point.clone())
    }

    #[tokio::test]
    async fn a_chain_that_nobody_touched_is_whole_and_an_empty_one_too() {
        let links = chain(&["a", "b", "c", "d", "e"]);
        let mut heard = Vec::new();
        let whole = log(links.clone(), end(&links), vec![]);
        let verdict = whole.execute(Some(&links[1].point.hash), |lines| heard.push(lines)).await.unwrap();
        assert_eq!((verdict.lines, verdict.faults_total), (5, 0), "{verdict:?}");
        assert_eq!(Some(verdict.head), end(&links));
        assert_eq!(heard, [2, 4, 5]);
        let origin = ChainPoint { place: 0, hash: ChainHash::origin() };
        assert_eq!(faults(vec![], Some(origin)).await, []);
    }

    #[tokio::test]
    async fn a_changed_line_is_named_and_those_behind_it_are_not() {
        let mut links = chain(&["a", "b", "c"]);
        let head = end(&links);
        links[1].line.as_mut().unwrap().0[1] = Some("B".to_owned());
        assert_eq!(faults(links, head).await, [AuditFault::Changed { place: 2, line_id: 20 }]);
    }

    #[tokio::test]
    async fn two_lines_that_changed_places_are_both_named() {
        let mut links = chain(&["a", "b", "c"]);
        let head = end(&links);
        let (first, second) = (links[0].line.clone(), links[1].line.clone());
        (links[0].line, links[1].line) = (second, first);
        let named = [(1, 10), (2, 20)].map(|(place, line_id)| AuditFault::Changed { place, line_id });
        assert_eq!(faults(links, head).await, named);
    }

    #[tokio::test]
    async fn a_line_that_is_gone_is_named_and_links_that_are_gone_are_counted() {
        let mut links = chain(&["a", "b", "c", "d"]);
        let head = end(&links);
        links[3].line = None;
        links.remove(1);
        let found = faults(links, head).await;
        let gone =
            [AuditFault::LinksMissing { first: 2, last: 2 }, AuditFault::Missing { place: 4, line_id: 40 }];
        assert_eq!(found, gone);
    }

    #[tokio::test]
    async fn an_end_that_was_cut_off_is_missed_where_the_head_or_somebody_remembers_it() {
        let mut links = chain(&["a", "b", "c"]);
        let head = end(&links).unwrap();
        links.pop();
        let cut = AuditFault::EndsElsewhere { said: Some(3), found: 2 };
        assert_eq!(faults(links.clone(), Some(head.clone())).await, [cut]);
        assert_eq!(faults(links.clone(), None).await, [AuditFault::EndsElsewhere { said: None, found: 2 }]);
        // Whoever changed the head, too, does not know what is kept elsewhere.
        let forged = log(links.clone(), end(&links), vec![]);
        let verdict = forged.execute(Some(&head.hash), |_| {}).await.unwrap();
        assert_eq!(verdict.faults, [AuditFault::NotExpected]);
    }

    #[tokio::test]
    async fn lines_outside_the_chain_are_named_and_many_are_counted() {
        let loose: Vec<i64> = (0..250).collect();
        let origin = ChainPoint { place: 0, hash: ChainHash::origin() };
        let verdict = log(vec![], Some(origin), loose).execute(None, |_| {}).await.unwrap();
        assert_eq!((verdict.faults.len(), verdict.faults_total), (FAULTS_TOLD, 250));
        assert_eq!(verdict.faults[7], AuditFault::Inserted { line_id: 7 });
    }
}
