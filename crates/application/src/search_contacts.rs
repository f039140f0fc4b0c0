//! Contacts are found by what people type.

use std::sync::Arc;

use domain::contact::{Contact, ContactId};
use domain::port::{ContactFilter, ContactSearch, StoreError};
use domain::search::{ContactQuery, QueryRefused};

/// Beyond that it is not counted how many there are.
const COUNTED_MAX: u32 = 10_000;

/// Searches for contacts.
pub struct SearchContacts {
    /// Finds them.
    pub search: Arc<dyn ContactSearch>,
}

/// Contacts that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundContacts {
    /// A page of them, by ascending id.
    pub contacts: Vec<Contact>,
    /// How many there are.
    pub total: FoundTotal,
}

/// How many contacts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundTotal {
    /// So many.
    Exact(u32),
    /// So many, and there may be more.
    AtLeast(u32),
}

/// Whether somebody may look for parts of numbers: by them a number that is shown masked could be guessed digit by digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartsOfPhones {
    /// Who sees numbers whole.
    Searched,
    /// Who sees them masked.
    Refused,
}

/// Why nothing was searched for.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query is too short or too long.
    #[error(transparent)]
    Query(#[from] QueryRefused),
    /// Parts of numbers are for those who see them whole.
    #[error(
        "some digits of a number are searched for by those who see numbers whole; give all ten, or words"
    )]
    PartOfPhone,
    /// The store is away, or searching takes too long.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SearchContacts {
    /// A page of the contacts that `text` means and that pass `filter`, behind `after`.
    ///
    /// # Errors
    /// When the text is no query, or the store is away.
    pub async fn execute(
        &self,
        text: &str,
        filter: ContactFilter,
        (after, limit): (Option<ContactId>, u16),
        parts: PartsOfPhones,
    ) -> Result<FoundContacts, SearchError> {
        let query = ContactQuery::parse(text)?;
        if matches!(query, ContactQuery::PartOfPhone(_)) && parts == PartsOfPhones::Refused {
            return Err(SearchError::PartOfPhone);
        }
        let behind = after.unwrap_or(ContactId(i64::MIN));
        let page = self.search.page(query.clone(), filter.clone(), behind, limit).await?;
        let shown = u32::try_from(page.contacts.len()).unwrap_or(u32::MAX);
        // A first page tells how many there are where it is all, or where it was picked from all.
        let told = match page.found {
            _ if after.is_some() => None,
            Some(found) => Some(u32::try_from(found).unwrap_or(u32::MAX)),
            None => Some(shown).filter(|shown| *shown < u32::from(limit)),
        };
        let counted = match told {
            Some(told) => Some(told),
            None => self.search.count(query, filter, COUNTED_MAX + 1).await?,
        };
        let total = match counted {
            Some(counted) if counted <= COUNTED_MAX => FoundTotal::Exact(counted),
            Some(_) => FoundTotal::AtLeast(COUNTED_MAX),
            None => FoundTotal::AtLeast(shown),
        };
        Ok(FoundContacts { contacts: page.contacts, total })
    }
}

#[cfg(test)]
mod tests {
    use domain::port::{FoundPage, MockContactSearch};
    use testkit::fixtures::{contact, phone};

    use super::*;

    async fn total(shown: i64, after: Option<i64>, counted: &[Option<u32>]) -> FoundTotal {
        total_of(shown, None, after, counted).await
    }

    async fn total_of(
        shown: i64,
        found: Option<u64>,
        after: Option<i64>,
        counted: &[Option<u32>],
    ) -> FoundTotal {
        let mut search = MockContactSearch::new();
        search.expect_page().returning(move |_, _, _, _| {
            let contacts = (1..=shown).map(|id| contact(ContactId(id), phone(1))).collect();
            Ok(FoundPage { contacts, found })
        });
        let mut answers = counted.to_vec();
        search.expect_count().times(answers.len()).returning(move |_, _, _| Ok(answers.pop().flatten()));
        let search = SearchContacts { search: Arc::new(search) };
        let page = (after.map(ContactId), 10);
        let found =
            search.execute("ana", ContactFilter::default(), page, PartsOfPhones::Refused).await.unwrap();
        found.total
    }

    #[tokio::test]
    async fn a_first_page_that_is_not_full_is_all_there_is() {
        assert_eq!(total(3, None, &[]).await, FoundTotal::Exact(3));
        assert_eq!(total(0, None, &[]).await, FoundTotal::Exact(0));
    }

    #[tokio::test]
    async fn what_finding_a_first_page_told_is_not_counted_again() {
        assert_eq!(total_of(10, Some(440), None, &[]).await, FoundTotal::Exact(440));
        assert_eq!(total_of(10, Some(33_460), None, &[]).await, FoundTotal::AtLeast(10_000));
        assert_eq!(total_of(10, Some(430), Some(7), &[Some(440)]).await, FoundTotal::Exact(440));
    }

    #[tokio::test]
    async fn how_many_there_are_is_counted_to_ten_thousand_and_no_further() {
        assert_eq!(total(10, None, &[Some(10_000)]).await, FoundTotal::Exact(10_000));
        assert_eq!(total(10, None, &[Some(10_001)]).await, FoundTotal::AtLeast(10_000));
        assert_eq!(total(3, Some(7), &[Some(13)]).await, FoundTotal::Exact(13));
        assert_eq!(total(10, None, &[None]).await, FoundTotal::AtLeast(10));
    }

    #[tokio::test]
    async fn what_is_no_query_asks_the_store_nothing() {
        let search = SearchContacts { search: Arc::new(MockContactSearch::new()) };
        let ask =
            async |text: &str, parts| search.execute(text, ContactFilter::default(), (None, 10), parts).await;
        let refused = ask("a", PartsOfPhones::Searched).await;
        assert!(matches!(refused, Err(SearchError::Query(QueryRefused::TooShort))));
        // Who sees numbers masked guesses none by its digits.
        let refused = ask("5678", PartsOfPhones::Refused).await;
        assert!(matches!(refused, Err(SearchError::PartOfPhone)));
    }
}
