//! Lists of numbers that are never written to come in.

use std::sync::Arc;

use domain::phone::{PhoneNumber, PhoneRejection};
use domain::port::{BegunLoad, LoadedNumbers, NewLoad, SuppressionLoad, SuppressionStore, WriteError};
use domain::request::Envelope;
use domain::suppression::{InvalidListing, SuppressionList};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Loads lists.
pub struct LoadSuppressions {
    /// Keeps them.
    pub suppressions: Arc<dyn SuppressionStore>,
    /// By whose calendar a day is meant.
    pub zone: TimeZone,
}

/// A list as it is brought.
#[derive(Debug, Clone)]
pub struct LoadCommand {
    /// Which.
    pub list: SuppressionList,
    /// The file that it comes from.
    pub file_name: Option<String>,
    /// The day on which its numbers were listed; left out, of a list whose entries end, today.
    pub listed_on: Option<Date>,
}

/// Why a list was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadSuppressionsError {
    /// It cannot have been listed on that day.
    #[error("{0}")]
    Listing(#[from] InvalidListing),
    /// None of what was given is a number.
    #[error("none of it is a number that can be written to; nothing is stored")]
    NoNumbers,
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedList {
    /// How many numbers came in.
    pub numbers: LoadedNumbers,
    /// The place and the fault of each text that is no number.
    pub refused: Vec<(usize, PhoneRejection)>,
}

impl LoadSuppressions {
    /// Begins a list whose numbers come bit by bit.
    ///
    /// # Errors
    /// When the day is none, another list is being loaded, or the store is away.
    pub async fn begin(
        &self,
        command: LoadCommand,
        envelope: Envelope,
    ) -> Result<BegunLoad, LoadSuppressionsError> {
        let today = envelope.at.to_zoned(self.zone.clone()).date();
        if command.listed_on.is_some_and(|day| day > today) {
            return Err(InvalidListing::Future.into());
        }
        let expires_at = command.list.ends(command.listed_on.unwrap_or(today), &self.zone)?;
        if expires_at.is_some_and(|ends| ends <= envelope.at) {
            return Err(InvalidListing::Ended.into());
        }
        let listed_on = command.listed_on.or_else(|| expires_at.map(|_| today));
        let load = NewLoad { list: command.list, file_name: command.file_name, listed_on, expires_at };
        Ok(self.suppressions.begin_load(load, envelope).await?)
    }

    /// Loads a short list as a whole: what is a number is stored, what is none is told.
    ///
    /// # Errors
    /// As above, and when nothing of it is a number.
    pub async fn execute(
        &self,
        command: LoadCommand,
        numbers: &[String],
        envelope: Envelope,
    ) -> Result<LoadedList, LoadSuppressionsError> {
        let mut phones = Vec::with_capacity(numbers.len());
        let mut refused = Vec::new();
        for (index, number) in numbers.iter().enumerate() {
            match PhoneNumber::parse(number) {
                Ok(phone) => phones.push(phone),
                Err(rejection) => refused.push((index, rejection)),
            }
        }
        if phones.is_empty() {
            return Err(LoadSuppressionsError::NoNumbers);
        }
        let numbers = match self.begin(command, envelope).await? {
            BegunLoad::Before(numbers) => numbers,
            BegunLoad::New(load) => store(load, phones, refused.len() as u64).await?,
        };
        Ok(LoadedList { numbers, refused })
    }
}

async fn store(
    mut load: Box<dyn SuppressionLoad>,
    phones: Vec<PhoneNumber>,
    refused: u64,
) -> Result<LoadedNumbers, WriteError> {
    load.append(phones).await?;
    Ok(load.finish(refused).await?)
}

#[cfg(test)]
mod tests {
    use domain::port::MockSuppressionStore;
    use jiff::Timestamp;

    use super::*;

    fn loads(store: MockSuppressionStore) -> LoadSuppressions {
        let zone = TimeZone::get("America/Mexico_City").unwrap();
        LoadSuppressions { suppressions: Arc::new(store), zone }
    }

    fn now() -> Envelope {
        Envelope::of_program("test", "2026-03-01T03:00:00Z".parse::<Timestamp>().unwrap())
    }

    fn command(list: SuppressionList, listed_on: Option<&str>) -> LoadCommand {
        LoadCommand { list, file_name: None, listed_on: listed_on.map(|day| day.parse().unwrap()) }
    }

    #[tokio::test]
    async fn an_entry_of_reus_ends_two_years_after_it_was_listed() {
        for (listed_on, noted, ends) in [
            (Some("2025-01-15"), "2025-01-15", "2027-01-15T06:00:00Z"),
            // In Mexico it is still the day before.
            (None, "2026-02-28", "2028-02-28T06:00:00Z"),
        ] {
            let mut store = MockSuppressionStore::new();
            store
                .expect_begin_load()
                .withf(move |load, _| {
                    load.listed_on == Some(noted.parse().unwrap())
                        && load.expires_at == Some(ends.parse().unwrap())
                })
                .returning(|_, _| Ok(BegunLoad::Before(LoadedNumbers::default())));
            loads(store).begin(command(SuppressionList::Reus, listed_on), now()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_day_to_come_and_one_whose_entries_have_ended_are_refused() {
        for (list, day, refused) in [
            (SuppressionList::Repep, "2026-03-01", InvalidListing::Future),
            (SuppressionList::Reus, "2024-02-27", InvalidListing::Ended),
        ] {
            let loads = loads(MockSuppressionStore::new());
            match loads.begin(command(list, Some(day)), now()).await {
                Err(LoadSuppressionsError::Listing(found)) => assert_eq!(found, refused),
                Err(error) => panic!("{error}"),
                Ok(_) => panic!("{list} of {day} is begun"),
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_number_is_told_by_its_place_and_nothing_alone_is_refused() {
        let mut store = MockSuppressionStore::new();
        store
            .expect_begin_load()
            .returning(|_, _| Ok(BegunLoad::Before(LoadedNumbers { added: 2, already_there: 0 })));
        let numbers = ["55 1234 5678", "hola", "+52 33 1234 5678", ""].map(str::to_owned);
        let list = command(SuppressionList::Manual, None);
        let loaded = loads(store).execute(list.clone(), &numbers, now()).await.unwrap();
        assert_eq!(loaded.refused.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 3]);
        let refused = loads(MockSuppressionStore::new()).execute(list, &numbers[3..], now()).await;
        assert!(matches!(refused, Err(LoadSuppressionsError::NoNumbers)));
    }
}
