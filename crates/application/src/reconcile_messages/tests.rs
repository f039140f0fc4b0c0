use domain::billing::Difference;
use domain::campaign::CampaignId;
use domain::message::MessageState;
use domain::phone::PhoneNumber;
use domain::port::{MockProviderRecords, MockReceiptStore, MockRecordDesk, RecordsUnavailable, Report};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;

const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(7));

fn attempt(seq: u32) -> AttemptRef {
    AttemptRef { message: MessageId { campaign: CAMPAIGN, seq }, attempt: 1 }
}

fn phone() -> PhoneNumber {
    PhoneNumber::from_national(5_512_345_678).unwrap()
}

fn asked_of(seq: u32) -> (String, RecordQuestion) {
    let question = RecordQuestion {
        attempt: attempt(seq),
        phone: phone(),
        sender: "PREGON".to_owned(),
        from: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
    };
    ("telnyx".to_owned(), question)
}

/// A record whose payload is `id:segments`.
fn record(of: Option<AttemptRef>, payload: &str) -> ProviderEvent {
    ProviderEvent {
        id: format!("record:{payload}"),
        kind: "message_detail_record".to_owned(),
        reference: of,
        provider_id: None,
        phone: Some(phone()),
        report: Report::Delivered,
        occurred_at: None,
        payload: payload.to_owned(),
    }
}

fn records() -> MockProviderRecords {
    let mut records = MockProviderRecords::new();
    records.expect_provider().return_const("telnyx");
    records.expect_bill().returning(|payload| {
        let (id, segments) = payload.split_once(':')?;
        Some(Bill { provider_id: id.to_owned(), segments: segments.parse().ok()?, cost: None })
    });
    records
}

fn reconcile(
    desk: MockRecordDesk,
    receipts: MockReceiptStore,
    records: MockProviderRecords,
    most: u16,
) -> ReconcileMessages {
    ReconcileMessages::new(Arc::new(desk), Arc::new(receipts), vec![Arc::new(records)], most)
}

#[tokio::test]
async fn what_is_on_record_of_an_attempt_becomes_its_receipt_and_nobody_else_s() {
    let mut desk = MockRecordDesk::new();
    desk.expect_take_questions()
        .times(1)
        .withf(|most| *most == 20)
        .returning(|_| Ok(vec![asked_of(1), asked_of(2)]));
    let mut records = records();
    records.expect_find().times(2).returning(|question| {
        Ok(match question.attempt.message.seq {
            1 => vec![record(Some(attempt(9)), "x:1"), record(None, "y:1"), record(Some(attempt(1)), "z:1")],
            _ => Vec::new(),
        })
    });
    let mut receipts = MockReceiptStore::new();
    receipts
        .expect_keep()
        .times(1)
        .withf(|provider, event, written| {
            *provider == *"telnyx" && event.payload == "z:1" && written.is_none()
        })
        .returning(|_, _, _| Ok(()));
    let asked = reconcile(desk, receipts, records, 20).ask().await.unwrap();
    assert_eq!(asked, FoundRecords { questions: 2, records: 1 });
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_not_asked_on_and_one_without_records_never() {
    let mut desk = MockRecordDesk::new();
    desk.expect_take_questions().times(1).returning(|_| {
        let (_, question) = asked_of(1);
        Ok(vec![("another".to_owned(), question), asked_of(2), asked_of(3)])
    });
    let mut records = records();
    let away = RecordsUnavailable { reason: "timeout".to_owned(), retry_after: None };
    records.expect_find().times(1).return_once(move |_| Err(away));
    let asked = reconcile(desk, MockReceiptStore::new(), records, 20).ask().await.unwrap();
    assert_eq!(asked, FoundRecords { questions: 1, records: 0 });
}

fn message(seq: u32, state: MessageState, payloads: &[&str]) -> BilledMessage {
    BilledMessage {
        seq,
        attempt: 1,
        phone: phone(),
        state,
        reason: None,
        segments: 1,
        from: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        payloads: payloads.iter().map(|payload| (*payload).to_owned()).collect(),
    }
}

fn slice(messages: Vec<BilledMessage>) -> BillSlice {
    BillSlice {
        campaign: CAMPAIGN,
        provider: "telnyx".to_owned(),
        sender: "PREGON".to_owned(),
        after: 0,
        messages,
    }
}

#[tokio::test]
async fn a_bill_is_made_of_receipts_and_of_records_where_these_say_nothing() {
    let mut desk = MockRecordDesk::new();
    desk.expect_next_to_bill().times(1).return_once(|| {
        Ok(Some(slice(vec![
            // The same message, told of twice.
            message(1, MessageState::Delivered, &["a:1", "a:1", "nothing"]),
            message(2, MessageState::Delivered, &["b:2"]),
            message(3, MessageState::Sent, &[]),
            message(4, MessageState::Failed, &[]),
            message(5, MessageState::Sent, &[]),
            message(6, MessageState::Sent, &[]),
        ])))
    });
    let mut records = records();
    // Two questions are all that may be asked: the one of 6 is not.
    records.expect_find().times(2).returning(|question| {
        Ok(match question.attempt.message.seq {
            3 => vec![record(Some(attempt(3)), "c:1")],
            _ => Vec::new(),
        })
    });
    let mut receipts = MockReceiptStore::new();
    receipts.expect_keep().times(1).withf(|_, event, _| event.payload == "c:1").returning(|_, _, _| Ok(()));
    desk.expect_add_to_bill()
        .times(1)
        .withf(|step| {
            let differing: Vec<_> = step.differing.iter().map(|one| (one.seq, one.difference)).collect();
            step.after == 0
                && step.up_to == Some(6)
                && (step.tally.sent, step.tally.billed, step.tally.billed_segments) == (5, 3, 4)
                && differing
                    == [(2, Difference::MoreSegments), (5, Difference::NotBilled), (6, Difference::NotBilled)]
        })
        .returning(|_| Ok(()));
    assert_eq!(reconcile(desk, receipts, records, 2).bill_some().await.unwrap(), Worked::Something);
}

#[tokio::test]
async fn a_bill_ends_with_a_slice_of_nothing_and_nothing_is_billed_where_nothing_waits() {
    let mut desk = MockRecordDesk::new();
    desk.expect_next_to_bill().times(1).return_once(|| Ok(Some(BillSlice { after: 9, ..slice(Vec::new()) })));
    desk.expect_next_to_bill().times(1).return_once(|| Ok(None));
    desk.expect_add_to_bill()
        .times(1)
        .withf(|step| step.after == 9 && step.up_to.is_none() && step.tally == BillTally::default())
        .returning(|_| Ok(()));
    let reconcile = reconcile(desk, MockReceiptStore::new(), records(), 2);
    assert_eq!(reconcile.bill_some().await.unwrap(), Worked::Something);
    assert_eq!(reconcile.bill_some().await.unwrap(), Worked::Nothing);
}
