//! What the provider has on record is compared with what we hold to be true: attempts with an unknown outcome find theirs, and each
//! campaign that has ended is told what was billed for it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::billing::{Bill, BillTally, DifferingMessage, Reckoned};
use domain::message::{AttemptRef, MessageId};
use domain::port::{
    BillSlice, BillStep, BilledMessage, ProviderEvent, ProviderRecords, ReceiptStore, RecordDesk,
    RecordQuestion, StoreError,
};

use crate::run_jobs::Worked;

/// Compares.
pub struct ReconcileMessages {
    desk: Arc<dyn RecordDesk>,
    receipts: Arc<dyn ReceiptStore>,
    providers: HashMap<&'static str, Arc<dyn ProviderRecords>>,
    questions_max: u16,
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FoundRecords {
    /// Attempts that a provider was asked of.
    pub questions: u64,
    /// Records of them that were found.
    pub records: u64,
}

impl ReconcileMessages {
    /// Asks `providers`, of at most so many messages at a time.
    #[must_use]
    pub fn new(
        desk: Arc<dyn RecordDesk>,
        receipts: Arc<dyn ReceiptStore>,
        providers: Vec<Arc<dyn ProviderRecords>>,
        questions_max: u16,
    ) -> Self {
        let providers = providers.into_iter().map(|records| (records.provider(), records)).collect();
        Self { desk, receipts, providers, questions_max }
    }

    /// Asks of attempts whose outcome is unknown. What is found becomes their receipts; where nothing is, they go on waiting.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn ask(&self) -> Result<FoundRecords, StoreError> {
        let mut asked = FoundRecords::default();
        for (provider, question) in self.desk.take_questions(self.questions_max).await? {
            let Some(records) = self.providers.get(provider.as_str()) else { continue };
            asked.questions += 1;
            match self.found(&**records, question).await? {
                Some(found) => asked.records += found.len() as u64,
                // Whoever does not answer one question is not asked the next.
                None => break,
            }
        }
        Ok(asked)
    }

    /// Looks at the next messages of a campaign that ended, and adds what was billed for them to its bill.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn bill_some(&self) -> Result<Worked, StoreError> {
        let Some(slice) = self.desk.next_to_bill().await? else { return Ok(Worked::Nothing) };
        let step = self.billed(&slice).await?;
        self.desk.add_to_bill(step).await?;
        Ok(Worked::Something)
    }

    async fn billed(&self, slice: &BillSlice) -> Result<BillStep, StoreError> {
        let records = self.providers.get(slice.provider.as_str());
        let (mut tally, mut differing) = (BillTally::default(), Vec::new());
        let mut left = if records.is_some() { self.questions_max } else { 0 };
        for message in &slice.messages {
            let reckoned = Reckoned {
                state: message.state,
                reason: message.reason.as_deref(),
                segments: message.segments,
            };
            let mut bills = match records {
                Some(records) => bills(&**records, message.payloads.iter().map(String::as_str)),
                None => Vec::new(),
            };
            // Of what was not sent there is no record to look for.
            if let (true, Some(records)) = (bills.is_empty() && reckoned.was_sent() != Some(false), records)
                && left > 0
            {
                left -= 1;
                match self.found(&**records, question(slice, message)).await? {
                    Some(found) => {
                        bills = self::bills(&**records, found.iter().map(|event| event.payload.as_str()));
                    }
                    None => left = 0,
                }
            }
            if let Some(difference) = tally.add(reckoned, &bills) {
                let billed_segments = bills.iter().map(|bill| bill.segments).sum();
                let segments = message.segments;
                differing.push(DifferingMessage { seq: message.seq, difference, segments, billed_segments });
            }
        }
        let up_to = slice.messages.last().map(|message| message.seq);
        Ok(BillStep { campaign: slice.campaign, after: slice.after, up_to, tally, differing })
    }

    /// The records of a message, which are kept as its receipts; `None` when the provider does not answer.
    async fn found(
        &self,
        records: &dyn ProviderRecords,
        question: RecordQuestion,
    ) -> Result<Option<Vec<ProviderEvent>>, StoreError> {
        let message = question.attempt.message;
        let found = match records.find(question).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(provider = records.provider(), %error, "will be asked again");
                return Ok(None);
            }
        };
        // Others were written to the same number.
        let is_of_it = |event: &ProviderEvent| event.reference.is_some_and(|named| named.message == message);
        let found: Vec<_> = found.into_iter().filter(is_of_it).collect();
        for event in &found {
            self.receipts.keep(records.provider(), event.clone(), None).await?;
        }
        Ok(Some(found))
    }
}

fn question(slice: &BillSlice, message: &BilledMessage) -> RecordQuestion {
    RecordQuestion {
        attempt: AttemptRef {
            message: MessageId { campaign: slice.campaign, seq: message.seq },
            attempt: message.attempt,
        },
        phone: message.phone,
        sender: slice.sender.clone(),
        from: message.from,
        until: message.until,
    }
}

/// What payloads say that was billed: of each of the provider's ids what is said first.
fn bills<'a>(records: &dyn ProviderRecords, payloads: impl Iterator<Item = &'a str>) -> Vec<Bill> {
    let mut bills: Vec<Bill> = Vec::new();
    for bill in payloads.filter_map(|payload| records.bill(payload)) {
        if bills.iter().all(|known| known.provider_id != bill.provider_id) {
            bills.push(bill);
        }
    }
    bills
}

#[cfg(test)]
mod tests;
