//! A few numbers are looked up for somebody who waits for the answer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::contact::LineType;
use domain::lookup::{KeptLookup, LookedUp, LookupTally};
use domain::money::Money;
use domain::numbering::Line;
use domain::phone::{PhoneNumber, PhoneRejection};
use domain::port::{KnownLookup, LookupScope, StoreError};
use domain::request::Envelope;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::look_up_numbers::{LookUpNumbers, LookupEnd, LookupRun, Told};
use crate::numbering_plans::KnownPlan;

/// Looks a few numbers up.
pub struct LookUpPhones {
    /// Asks the provider; `None` where there is no key for it.
    pub look_up: Option<Arc<LookUpNumbers>>,
    /// What the numbering plan tells.
    pub plan: Arc<KnownPlan>,
    /// The most numbers of one request.
    pub numbers_max: usize,
    /// How long it begins calls.
    pub within: Duration,
}

/// What is to be looked up.
#[derive(Clone)]
pub struct LookUpCommand {
    /// The numbers, as people write them.
    pub numbers: Vec<String>,
    /// Whether those are asked about, too, that the plan tells of.
    pub scope: LookupScope,
    /// The most that it may cost.
    pub cost_max: Option<Money>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct LookedUpPhones {
    /// For each number in its place.
    pub numbers: Vec<NumberAnswer>,
    /// What the calls came to.
    pub tally: LookupTally,
    /// What they cost.
    pub cost: Money,
}

/// What is known of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberAnswer {
    /// The number, or why what was written is none.
    pub phone: Result<PhoneNumber, PhoneRejection>,
    /// What kind of line it is.
    pub line: LookedUp,
    /// Where that is from.
    pub source: Option<LineSource>,
    /// When it was looked up.
    pub at: Option<Timestamp>,
    /// Why nobody was asked, or nothing was told.
    pub reason: Option<String>,
}

/// Where it is from what kind of line a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSource {
    /// The provider, asked about the number.
    Lookup,
    /// The regulator's numbering plan.
    NumberingPlan,
}

impl LineSource {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::NumberingPlan => "numbering_plan",
        }
    }
}

/// Why nothing was looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookUpPhonesError {
    /// There are too many numbers.
    #[error("give at most {0} numbers (lookup.numbers_max)")]
    TooMany(usize),
    /// There is no key for the provider.
    #[error(
        "nothing can be looked up here: no telnyx.api_key is set for the api; give it PREGON__TELNYX__API_KEY or \
         PREGON__TELNYX__API_KEY_FILE and start it again"
    )]
    NoProvider,
    /// Nobody may be asked now.
    #[error("nobody was asked: {0}")]
    Ended(LookupEnd),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LookUpPhones {
    /// Looks numbers up: what is kept is told for nothing, what the plan tells is not asked unless it is wanted, and a number
    /// that is there twice is asked about once.
    ///
    /// # Errors
    /// As [`LookUpPhonesError`] says; where some were asked about before that, it is told by number instead.
    pub async fn execute(
        &self,
        command: LookUpCommand,
        envelope: Envelope,
    ) -> Result<LookedUpPhones, LookUpPhonesError> {
        let until = Instant::now() + self.within;
        if command.numbers.len() > self.numbers_max {
            return Err(LookUpPhonesError::TooMany(self.numbers_max));
        }
        let look_up = self.look_up.as_ref().ok_or(LookUpPhonesError::NoProvider)?;
        let parsed: Vec<_> = command.numbers.iter().map(|number| PhoneNumber::parse(number)).collect();
        let mut seen = HashSet::new();
        let distinct: Vec<PhoneNumber> =
            parsed.iter().flatten().copied().filter(|phone| seen.insert(*phone)).collect();
        look_up.lookups.note(command.numbers.len() as u64, envelope).await?;
        let known = look_up.lookups.known(distinct.clone()).await?;
        let known: HashMap<_, _> = known.into_iter().map(|known| (known.lookup.phone, known)).collect();
        let mut answers: HashMap<PhoneNumber, NumberAnswer> =
            distinct.iter().map(|phone| (*phone, self.without_asking(*phone, known.get(phone)))).collect();
        let is_wanted = |phone: &PhoneNumber| {
            let is_fresh = known.get(phone).is_some_and(|known| known.is_fresh);
            let is_told = answers.get(phone).is_some_and(|answer| answer.line.line_type != LineType::Unknown);
            !is_fresh && (command.scope == LookupScope::EvenIfKnown || !is_told)
        };
        let to_ask: Vec<PhoneNumber> = distinct.iter().copied().filter(is_wanted).collect();
        let cached = known.values().filter(|known| known.is_fresh).count() as u64;

        let mut run = LookupRun::new(command.cost_max, LookupTally::default());
        let asked = look_up.ask(&mut run, to_ask, until, &|| false).await?;
        if asked.answers.is_empty()
            && matches!(asked.ended, LookupEnd::DayIsSpent { .. } | LookupEnd::AccountBlocked { .. })
        {
            return Err(LookUpPhonesError::Ended(asked.ended));
        }
        for (phone, told) in asked.answers {
            match told {
                Told::Line(kept) => drop(answers.insert(phone, of_lookup(kept))),
                Told::Nothing(reason) => note(&mut answers, phone, &reason),
            }
        }
        for phone in asked.left {
            note(&mut answers, phone, asked.ended.reason().unwrap_or_default());
        }
        let tally = LookupTally { cached, ..run.tally() };
        let numbers = parsed
            .into_iter()
            .map(|phone| match phone.ok().and_then(|phone| answers.get(&phone)) {
                Some(answer) => answer.clone(),
                None => NumberAnswer {
                    reason: phone.err().map(|rejection| rejection.as_str().to_owned()),
                    ..nothing(phone)
                },
            })
            .collect();
        let micros = i64::try_from(tally.cost_micros).unwrap_or(i64::MAX);
        Ok(LookedUpPhones { numbers, tally, cost: Money { micros, ..look_up.price } })
    }

    /// What is known of a number before anybody is asked. A lookup outranks the plan, however old it is.
    fn without_asking(&self, phone: PhoneNumber, known: Option<&KnownLookup>) -> NumberAnswer {
        let is_telling =
            |known: &&KnownLookup| known.is_fresh || known.lookup.line.line_type != LineType::Unknown;
        if let Some(known) = known.filter(is_telling) {
            return of_lookup(known.lookup.clone());
        }
        let plan = self.plan.plan();
        let line = Line::of(phone, plan.as_deref());
        if line.line_type == LineType::Unknown {
            return nothing(Ok(phone));
        }
        let carrier = line.carrier.map(str::to_owned);
        NumberAnswer {
            line: LookedUp { line_type: line.line_type, carrier, is_ported: None },
            source: Some(LineSource::NumberingPlan),
            ..nothing(Ok(phone))
        }
    }
}

fn note(answers: &mut HashMap<PhoneNumber, NumberAnswer>, phone: PhoneNumber, reason: &str) {
    if let Some(answer) = answers.get_mut(&phone) {
        answer.reason = Some(reason.to_owned());
    }
}

fn nothing(phone: Result<PhoneNumber, PhoneRejection>) -> NumberAnswer {
    NumberAnswer { phone, line: LookedUp::NOTHING, source: None, at: None, reason: None }
}

fn of_lookup(lookup: KeptLookup) -> NumberAnswer {
    NumberAnswer {
        reason: (lookup.line == LookedUp::NOTHING).then(|| "unknown_number".to_owned()),
        line: lookup.line,
        source: Some(LineSource::Lookup),
        at: Some(lookup.at),
        ..nothing(Ok(lookup.phone))
    }
}

#[cfg(test)]
mod tests {
    use domain::numbering::{NumberingPlan, PlanFile};
    use domain::port::{
        LookupOutcome, MockLookupStore, MockNumberLookup, MockNumberingPlanStore, PlanVersion, Reservation,
    };

    use super::*;
    use crate::look_up_numbers::tests::{PRICE, by_last_digit, mobile, open_store, with};

    /// A plan that knows 55 1234 0000 to 9999 as fixed, and nothing else.
    async fn plan() -> Arc<KnownPlan> {
        let mut plans = MockNumberingPlanStore::new();
        plans.expect_in_force().returning(|| {
            Ok(Some(PlanVersion {
                version: 1,
                file_name: "plan.csv".to_owned(),
                file_sha256: "00".to_owned(),
                latest: None,
                ranges: 1,
                loaded_at: Timestamp::UNIX_EPOCH,
            }))
        });
        plans.expect_plan().returning(|_| {
            let file = "NUMERACION_INICIAL,NUMERACION_FINAL,MODALIDAD,RAZON_SOCIAL,FECHA_ASIGNACION\n\
                        5512340000,5512349999,FIJO,UNA,01/02/2020\n";
            Ok(NumberingPlan::compile(&PlanFile::read(file.as_bytes()).unwrap().assignments).unwrap())
        });
        let plan = KnownPlan::new(Arc::new(plans));
        plan.refresh().await.unwrap();
        Arc::new(plan)
    }

    fn kept(national: u64, line_type: LineType) -> KeptLookup {
        KeptLookup {
            phone: PhoneNumber::from_national(national).unwrap(),
            line: LookedUp { line_type, ..LookedUp::NOTHING },
            provider: "prueba".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            cost: PRICE,
        }
    }

    async fn phones(provider: MockNumberLookup, mut lookups: MockLookupStore) -> LookUpPhones {
        lookups.expect_note().returning(|_, _| Ok(()));
        lookups.expect_known().returning(|_| {
            Ok(vec![
                KnownLookup { lookup: kept(3_312_345_670, LineType::Mobile), is_fresh: true },
                KnownLookup { lookup: kept(5_512_345_671, LineType::Mobile), is_fresh: false },
            ])
        });
        LookUpPhones {
            look_up: Some(Arc::new(with(provider, lookups))),
            plan: plan().await,
            numbers_max: 6,
            within: Duration::from_secs(10),
        }
    }

    fn command(numbers: &[&str], scope: LookupScope) -> LookUpCommand {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        LookUpCommand { numbers, scope, cost_max: None }
    }

    fn envelope() -> Envelope {
        Envelope::of_program("prueba", Timestamp::UNIX_EPOCH)
    }

    /// Line type, source and reason of each answer.
    fn told(answer: &NumberAnswer) -> (&'static str, Option<&'static str>, Option<&str>) {
        (answer.line.line_type.as_str(), answer.source.map(LineSource::as_str), answer.reason.as_deref())
    }

    const NUMBERS: [&str; 6] =
        ["33 1234 5670", "55 1234 5670", "55 1234 5671", "81 1234 5670", "+52 81 1234 5670", "hola"];

    #[tokio::test]
    async fn only_what_nobody_knows_is_asked_and_once() {
        let mut provider = MockNumberLookup::new();
        provider.expect_provider().return_const("prueba");
        provider
            .expect_look_up()
            .times(1)
            .withf(|phone| phone.national() == 8_112_345_670)
            .returning(|_| mobile());
        let phones = phones(provider, open_store()).await;
        let told_of = phones.execute(command(&NUMBERS, LookupScope::UnknownAlone), envelope()).await.unwrap();
        let expected = [
            ("mobile", Some("lookup"), None),
            ("fixed", Some("numbering_plan"), None),
            // An old lookup of the number itself outranks what the plan says of its range.
            ("mobile", Some("lookup"), None),
            ("mobile", Some("lookup"), None),
            ("mobile", Some("lookup"), None),
            ("unknown", None, Some("not_a_number")),
        ];
        assert_eq!(told_of.numbers.iter().map(told).collect::<Vec<_>>(), expected);
        assert_eq!((told_of.tally.asked, told_of.tally.cached, told_of.cost), (1, 1, PRICE));
    }

    #[tokio::test]
    async fn what_the_plan_tells_is_asked_where_it_is_wanted_and_what_is_fresh_never() {
        let provider = by_last_digit(|digit| match digit {
            0 => mobile(),
            _ => LookupOutcome::UnknownNumber,
        });
        let phones = phones(provider, open_store()).await;
        let told_of = phones.execute(command(&NUMBERS, LookupScope::EvenIfKnown), envelope()).await.unwrap();
        assert_eq!((told_of.tally.asked, told_of.tally.cached), (3, 1));
        assert_eq!(told(&told_of.numbers[1]), ("mobile", Some("lookup"), None));
        assert_eq!(told(&told_of.numbers[2]), ("unknown", Some("lookup"), Some("unknown_number")));
    }

    #[tokio::test]
    async fn what_could_not_be_asked_is_told_by_number() {
        let phones = phones(by_last_digit(|_| mobile()), open_store()).await;
        let mut dear = command(&["81 1234 5670", "81 1234 5671"], LookupScope::UnknownAlone);
        dear.cost_max = Some(PRICE);
        let told_of = phones.execute(dear, envelope()).await.unwrap();
        assert_eq!(told(&told_of.numbers[0]), ("mobile", Some("lookup"), None));
        assert_eq!(told(&told_of.numbers[1]), ("unknown", None, Some("over_max_cost")));
    }

    #[tokio::test]
    async fn who_may_ask_nobody_at_all_is_refused() {
        let unknown = || command(&["81 1234 5670"], LookupScope::UnknownAlone);
        let mut spent = MockLookupStore::new();
        let until = Timestamp::UNIX_EPOCH;
        spent.expect_reserve().returning(move |_| Ok(Reservation::DayIsSpent { until }));
        let mut spent = phones(MockNumberLookup::new(), spent).await;
        let refused = spent.execute(unknown(), envelope()).await.unwrap_err();
        assert!(matches!(refused, LookUpPhonesError::Ended(LookupEnd::DayIsSpent { .. })), "{refused}");
        // What needs no call is told all the same.
        let cached = command(&["33 1234 5670"], LookupScope::UnknownAlone);
        assert_eq!(spent.execute(cached, envelope()).await.unwrap().numbers.len(), 1);
        let refused = spent.execute(command(&["1"; 7], LookupScope::UnknownAlone), envelope()).await;
        assert!(matches!(refused, Err(LookUpPhonesError::TooMany(6))));
        spent.look_up = None;
        let refused = spent.execute(unknown(), envelope()).await.unwrap_err();
        assert!(refused.to_string().contains("telnyx.api_key"), "{refused}");
    }
}
