//! Segments are kept by name, changed and deleted.

use std::sync::Arc;

use domain::port::{Ids, SegmentStore, StoreError, WriteError};
use domain::request::Envelope;
use domain::segment::{SavedSegment, SegmentDefinition, SegmentId, SegmentRefused, SegmentVersion};

/// Keeps segments.
pub struct SaveSegment {
    /// Where.
    pub segments: Arc<dyn SegmentStore>,
    /// Makes the id.
    pub ids: Arc<dyn Ids>,
}

/// Why a segment was not kept or changed.
#[derive(Debug, thiserror::Error)]
pub enum SaveSegmentError {
    /// Its name is none.
    #[error("give 1 to {} characters", SavedSegment::NAME_CHARS_MAX)]
    Name,
    /// Its definition is wrong.
    #[error(transparent)]
    Segment(#[from] SegmentRefused),
    /// There is no such segment.
    #[error("there is no such segment")]
    Missing,
    /// It is not of the version that the change was meant for.
    #[error("somebody changed the segment in the meantime; it is of version {0} now")]
    IsOfAnotherVersion(u32),
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for SaveSegmentError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

impl SaveSegment {
    /// Keeps a new segment.
    ///
    /// # Errors
    /// When its name or definition is wrong, another has the name, or the store is away.
    pub async fn execute(
        &self,
        name: &str,
        definition: SegmentDefinition,
        envelope: Envelope,
    ) -> Result<SavedSegment, SaveSegmentError> {
        definition.check()?;
        let segment = SavedSegment {
            at: SegmentVersion { id: SegmentId(self.ids.next()), version: 1 },
            name: SavedSegment::name(name).ok_or(SaveSegmentError::Name)?,
            definition,
            created_by: envelope.actor.0.clone(),
            created_at: envelope.at,
        };
        Ok(self.segments.add(segment, envelope).await?)
    }

    /// Makes another version of a segment, if it still is of `meant` where that is given; what is left out stays.
    ///
    /// # Errors
    /// When its name or definition is wrong, it is of another version, or the store is away.
    pub async fn change(
        &self,
        id: SegmentId,
        (name, definition): (Option<&str>, Option<SegmentDefinition>),
        meant: Option<u32>,
        envelope: Envelope,
    ) -> Result<SavedSegment, SaveSegmentError> {
        if let Some(definition) = &definition {
            definition.check()?;
        }
        let name = name.map(|name| SavedSegment::name(name).ok_or(SaveSegmentError::Name)).transpose()?;
        let current = self.segments.find(id).await?.ok_or(SaveSegmentError::Missing)?;
        if meant.is_some_and(|meant| meant != current.at.version) {
            return Err(SaveSegmentError::IsOfAnotherVersion(current.at.version));
        }
        let next = SavedSegment {
            at: SegmentVersion { id, version: current.at.version + 1 },
            name: name.unwrap_or(current.name),
            definition: definition.unwrap_or(current.definition),
            created_by: envelope.actor.0.clone(),
            created_at: envelope.at,
        };
        Ok(self.segments.change(next, envelope).await?)
    }
}

/// Who something is for.
#[derive(Debug, Clone, PartialEq)]
pub enum SegmentChoice {
    /// A definition.
    Given(SegmentDefinition),
    /// A saved segment, as it is now.
    Saved(SegmentId),
}

/// The definition of what was chosen, and the version where it is a saved one; `None` when there is no such segment.
pub(crate) async fn chosen(
    segments: &dyn SegmentStore,
    choice: SegmentChoice,
) -> Result<Option<(SegmentDefinition, Option<SegmentVersion>)>, StoreError> {
    match choice {
        SegmentChoice::Given(definition) => Ok(Some((definition, None))),
        SegmentChoice::Saved(id) => {
            Ok(segments.find(id).await?.map(|saved| (saved.definition, Some(saved.at))))
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::port::{MockIds, MockSegmentStore};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn definition(state: &str) -> SegmentDefinition {
        serde_json::from_str(&format!(r#"{{"field":"state","op":"eq","value":"{state}"}}"#)).unwrap()
    }

    fn current() -> SavedSegment {
        SavedSegment {
            at: SegmentVersion { id: SegmentId(Uuid::nil()), version: 3 },
            name: "norte".to_owned(),
            definition: definition("NLE"),
            created_by: "ana".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn envelope() -> Envelope {
        Envelope::of_program("prueba", Timestamp::UNIX_EPOCH)
    }

    fn save(segments: MockSegmentStore) -> SaveSegment {
        let mut ids = MockIds::new();
        ids.expect_next().returning(Uuid::nil);
        SaveSegment { segments: Arc::new(segments), ids: Arc::new(ids) }
    }

    #[tokio::test]
    async fn a_change_makes_the_next_version_and_keeps_what_it_leaves_out() {
        let mut segments = MockSegmentStore::new();
        segments.expect_find().returning(|_| Ok(Some(current())));
        segments
            .expect_change()
            .withf(|next, _| {
                next.at.version == 4 && next.name == "norte" && next.definition == definition("COA")
            })
            .returning(|next, _| Ok(next));
        let change = (None, Some(definition("COA")));
        save(segments).change(SegmentId(Uuid::nil()), change, Some(3), envelope()).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_wrong_or_meant_for_another_version_changes_nothing() {
        let mut segments = MockSegmentStore::new();
        segments.expect_find().returning(|_| Ok(Some(current())));
        segments.expect_add().never();
        segments.expect_change().never();
        let save = save(segments);
        let id = SegmentId(Uuid::nil());
        let refused = save.change(id, (Some("sur"), None), Some(2), envelope()).await.unwrap_err();
        assert!(matches!(refused, SaveSegmentError::IsOfAnotherVersion(3)), "{refused}");
        let refused = save.change(id, (Some("  "), None), None, envelope()).await.unwrap_err();
        assert!(matches!(refused, SaveSegmentError::Name), "{refused}");
        let refused = save.execute("x", definition("Nowhere"), envelope()).await.unwrap_err();
        assert!(matches!(refused, SaveSegmentError::Segment(_)), "{refused}");
    }
}
