//! People who wrote one of the words are answered, once: that they are barred, that they are not any more, or how to get help.

use std::sync::Arc;

use domain::campaign::{CampaignId, CampaignKind, Priority};
use domain::port::{
    Clock, DueReply, Ids, InboundDesk, MessageDesk, ReplyOutcome, SenderStore, SingleMessage, SingleOrder,
    StoreError, Taken, WriteError,
};
use domain::reply::ReplyTexts;
use domain::request::{Envelope, IdempotencyKey};
use domain::sms::SmsText;

use crate::prepare_campaign::zone_of;

/// Replies that are taken at once.
const REPLIES_MAX: u16 = 100;

/// Answers.
pub struct AnswerInbound {
    /// Knows who is to be answered.
    pub inbound: Arc<dyn InboundDesk>,
    /// Takes the answers in.
    pub messages: Arc<dyn MessageDesk>,
    /// Keeps senders.
    pub senders: Arc<dyn SenderStore>,
    /// Makes the ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What is answered.
    pub texts: ReplyTexts,
    /// The time zone of numbers whose area code tells none, as the IANA database names it.
    pub zone: String,
}

impl AnswerInbound {
    /// Answers those who wait for it; how many those were.
    ///
    /// # Errors
    /// When the store is away. Who was answered by then is not answered again.
    pub async fn execute(&self) -> Result<u64, StoreError> {
        let due = self.inbound.due_replies(REPLIES_MAX).await?;
        for reply in &due {
            let outcome = self.answer(reply).await?;
            self.inbound.close_reply(reply.id, outcome).await?;
        }
        Ok(due.len() as u64)
    }

    async fn answer(&self, reply: &DueReply) -> Result<ReplyOutcome, StoreError> {
        let Some(sender) = self.senders.find(reply.sender).await? else { return Ok(ReplyOutcome::NoText) };
        let text = self.texts.compose(reply.meaning, &sender.identity);
        let Some(text) = text.and_then(|text| SmsText::new(text).ok()) else {
            return Ok(ReplyOutcome::NoText);
        };
        let order = SingleOrder {
            kind: CampaignKind::Reply,
            tested: None,
            sender: sender.id,
            priority: Priority::High,
            messages: vec![SingleMessage {
                campaign: CampaignId(self.ids.next()),
                name: format!("reply to {}", reply.to.masked()),
                to: reply.to,
                zone: zone_of(reply.to).unwrap_or(&self.zone).to_owned(),
                text,
            }],
        };
        // Whoever dies between the two steps leaves a key behind, by which the answer is not sent again.
        let key = IdempotencyKey { key: format!("reply-{}", reply.id), body_sha256: [0; 32] };
        let envelope =
            Envelope { idempotency: Some(key), ..Envelope::of_program("worker", self.clock.now()) };
        match self.messages.send(order, envelope).await {
            Ok(Taken::Queued(sent)) => Ok(sent
                .first()
                .map_or(ReplyOutcome::NoText, |message| ReplyOutcome::Sent(message.id.campaign))),
            Ok(Taken::Barred(_)) => Ok(ReplyOutcome::Barred),
            Err(WriteError::Store(error)) => Err(error),
            Err(WriteError::KeyReused) => Ok(ReplyOutcome::NoText),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::keyword::Meaning;
    use domain::money::{Currency, Money};
    use domain::phone::PhoneNumber;
    use domain::port::{LeftOut, MockClock, MockIds, MockInboundDesk, MockMessageDesk, MockSenderStore};
    use domain::sender::{Sender, SenderAddress, SenderId, SenderIdentity, SenderKind};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn due(id: i64, meaning: Meaning) -> DueReply {
        DueReply {
            id,
            to: PhoneNumber::from_national(5_512_345_678).unwrap(),
            meaning,
            sender: SenderId(Uuid::from_u128(1)),
        }
    }

    fn sender(id: SenderId) -> Sender {
        Sender {
            id,
            name: "tienda".to_owned(),
            provider: "telnyx".to_owned(),
            address: SenderAddress { kind: SenderKind::LongCode, value: "+525500000001".to_owned() },
            rate_per_s: 1.0,
            price_per_segment: Money::zero(Currency::MXN),
            identity: SenderIdentity { brand: "Tienda".to_owned(), ..SenderIdentity::default() },
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn answer(inbound: MockInboundDesk, messages: MockMessageDesk, help: &str) -> AnswerInbound {
        let (mut senders, mut ids, mut clock) = (MockSenderStore::new(), MockIds::new(), MockClock::new());
        senders.expect_find().returning(|id| Ok(Some(sender(id))));
        ids.expect_next().returning(|| Uuid::from_u128(7));
        clock.expect_now().returning(|| Timestamp::UNIX_EPOCH);
        AnswerInbound {
            inbound: Arc::new(inbound),
            messages: Arc::new(messages),
            senders: Arc::new(senders),
            ids: Arc::new(ids),
            clock: Arc::new(clock),
            texts: ReplyTexts {
                opt_out: "{brand} ya no".to_owned(),
                opt_in: String::new(),
                help: help.to_owned(),
            },
            zone: "America/Mexico_City".to_owned(),
        }
    }

    #[tokio::test]
    async fn who_said_no_is_told_so_by_the_sender_under_a_key_of_its_own() {
        let mut inbound = MockInboundDesk::new();
        inbound.expect_due_replies().times(1).returning(|_| Ok(vec![due(3, Meaning::OptOut)]));
        inbound
            .expect_close_reply()
            .times(1)
            .withf(|id, outcome| *id == 3 && *outcome == ReplyOutcome::Barred)
            .returning(|_, _| Ok(()));
        let mut messages = MockMessageDesk::new();
        messages
            .expect_send()
            .times(1)
            .withf(|order, envelope| {
                order.kind == CampaignKind::Reply
                    && order.messages[0].text.as_str() == "Tienda ya no"
                    && envelope.idempotency.as_ref().is_some_and(|used| used.key == "reply-3")
            })
            .returning(|_, _| Ok(Taken::Barred(vec![(0, LeftOut::Suppressed)])));
        assert_eq!(answer(inbound, messages, "").execute().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn where_no_text_is_nothing_is_sent_and_nobody_waits() {
        let mut inbound = MockInboundDesk::new();
        inbound
            .expect_due_replies()
            .times(1)
            .returning(|_| Ok(vec![due(1, Meaning::OptIn), due(2, Meaning::Help)]));
        inbound
            .expect_close_reply()
            .times(2)
            .withf(|_, outcome| *outcome == ReplyOutcome::NoText)
            .returning(|_, _| Ok(()));
        // Longer than any message may be.
        let long = "x".repeat(5_000);
        assert_eq!(answer(inbound, MockMessageDesk::new(), &long).execute().await.unwrap(), 2);
    }
}
