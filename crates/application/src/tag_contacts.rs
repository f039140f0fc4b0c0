//! The contacts of a segment get tags, or lose them.

use std::sync::Arc;

use domain::contact::Tag;
use domain::job::{Job, JobId, TagTask, Task};
use domain::port::{Ids, JobStore, SegmentStore, StoreError, WriteError};
use domain::request::Envelope;
use domain::segment::SegmentRefused;

use crate::saved_segments::{SegmentChoice, chosen};

/// Has contacts tagged.
pub struct TagContacts {
    /// Keeps the job.
    pub jobs: Arc<dyn JobStore>,
    /// Keeps segments.
    pub segments: Arc<dyn SegmentStore>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
}

/// Which tags whose contacts get or lose.
#[derive(Debug, Clone, PartialEq)]
pub struct TagCommand {
    /// Whose.
    pub segment: SegmentChoice,
    /// Tags that they get.
    pub add: Vec<Tag>,
    /// Tags that they lose.
    pub remove: Vec<Tag>,
}

/// Why nobody is tagged.
#[derive(Debug, thiserror::Error)]
pub enum TagContactsError {
    /// No tag is named, or too many are.
    #[error("give 1 to {} tags to add or remove", Tag::COUNT_MAX)]
    Count,
    /// A tag is added and removed.
    #[error("“{0}” is to be added and removed; leave it out of one of them")]
    Both(String),
    /// The segment is wrong.
    #[error(transparent)]
    Segment(#[from] SegmentRefused),
    /// Its saved segment is none.
    #[error("there is no such segment")]
    NoSegment,
    /// Too many jobs wait.
    #[error("too many jobs wait (jobs.open_max); try again when some of them have ended")]
    TooMany,
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for TagContactsError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

impl TagContacts {
    /// Queues the job that does it.
    ///
    /// # Errors
    /// When the tags or the segment are wrong, too many jobs wait, or the store is away.
    pub async fn execute(&self, command: TagCommand, envelope: Envelope) -> Result<Job, TagContactsError> {
        let TagCommand { segment, mut add, mut remove } = command;
        for tags in [&mut add, &mut remove] {
            tags.sort();
            tags.dedup();
        }
        if !(1..=Tag::COUNT_MAX).contains(&(add.len() + remove.len())) {
            return Err(TagContactsError::Count);
        }
        if let Some(both) = add.iter().find(|tag| remove.contains(tag)) {
            return Err(TagContactsError::Both(both.as_str().to_owned()));
        }
        let chosen = chosen(&*self.segments, segment).await?;
        let (segment, saved_segment) = chosen.ok_or(TagContactsError::NoSegment)?;
        segment.check()?;
        let task = Task::Tag(TagTask { segment, saved_segment, add, remove });
        self.jobs.queue(JobId(self.ids.next()), task, envelope).await?.ok_or(TagContactsError::TooMany)
    }
}

#[cfg(test)]
mod tests {
    use domain::port::{MockIds, MockJobStore, MockSegmentStore};
    use domain::segment::SegmentId;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn tags(names: &[&str]) -> Vec<Tag> {
        names.iter().map(|name| Tag::parse(name).unwrap()).collect()
    }

    async fn ask(segment: SegmentChoice, add: &[&str], remove: &[&str], queued: usize) -> TagContactsError {
        let mut ids = MockIds::new();
        ids.expect_next().returning(Uuid::nil);
        let mut segments = MockSegmentStore::new();
        segments.expect_find().returning(|_| Ok(None));
        let mut jobs = MockJobStore::new();
        jobs.expect_queue()
            .times(queued)
            .withf(|_, task, _| matches!(task, Task::Tag(tag) if tag.add.len() == 1))
            .returning(|_, _, _| Ok(None));
        let tag = TagContacts { jobs: Arc::new(jobs), segments: Arc::new(segments), ids: Arc::new(ids) };
        let command = TagCommand { segment, add: tags(add), remove: tags(remove) };
        tag.execute(command, Envelope::of_program("prueba", Timestamp::UNIX_EPOCH)).await.unwrap_err()
    }

    fn all() -> SegmentChoice {
        SegmentChoice::Given(serde_json::from_str(r#"{"all":[]}"#).unwrap())
    }

    #[tokio::test]
    async fn what_is_asked_for_twice_is_asked_for_once() {
        let refused = ask(all(), &["vip", " VIP"], &["nuevo"], 1).await;
        assert!(matches!(refused, TagContactsError::TooMany), "{refused}");
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_never_queued() {
        let refused = ask(all(), &[], &[], 0).await;
        assert!(matches!(refused, TagContactsError::Count), "{refused}");
        let refused = ask(all(), &["vip"], &["vip"], 0).await;
        assert!(matches!(&refused, TagContactsError::Both(tag) if tag == "vip"), "{refused}");
        let refused = ask(SegmentChoice::Saved(SegmentId(Uuid::nil())), &["vip"], &[], 0).await;
        assert!(matches!(refused, TagContactsError::NoSegment), "{refused}");
    }
}
