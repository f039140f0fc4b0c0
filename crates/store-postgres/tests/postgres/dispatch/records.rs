//! What providers are asked of, and what they billed.

use std::time::Duration;

use domain::billing::{Bill, BillState, BillTally, Difference, DifferingMessage, Reckoned};
use domain::campaign::CampaignId;
use domain::message::{Evidence, MessageState};
use domain::money::{Currency, Money};
use domain::port::{BillSlice, BillStep, ProviderEvent, RecordDesk, Report};
use store_postgres::{PostgresRecordDesk, RecordDeskOptions};
use uuid::Uuid;

use super::stage::{Stage, accepted, outcome, phone};

fn desk(stage: &Stage, every: Duration) -> PostgresRecordDesk {
    let options =
        RecordDeskOptions { every, ask_after: Duration::from_mins(1), bill_after: Duration::from_mins(1) };
    PostgresRecordDesk::new(stage.test.database(), options)
}

async fn asked(desk: &PostgresRecordDesk, most: u16) -> Vec<u32> {
    let questions = desk.take_questions(most).await.unwrap();
    let mut seqs: Vec<_> = questions.iter().map(|(_, question)| question.attempt.message.seq).collect();
    seqs.sort_unstable();
    seqs
}

#[tokio::test]
async fn the_provider_is_asked_of_unknown_outcomes_again_and_again_with_longer_waits() {
    let stage = Stage::running(4).await;
    stage
        .send_all(|message| match message.seq {
            1 => accepted(message),
            _ => outcome(message, Evidence::NoAnswer),
        })
        .await;
    let desk = desk(&stage, Duration::ZERO);
    assert!(asked(&desk, 10).await.is_empty(), "none has been unknown for long");
    stage.run("UPDATE messages SET changed_at = now() - interval '2 minutes'").await;
    let questions = desk.take_questions(2).await.unwrap();
    assert_eq!(questions.len(), 2, "no more than were asked for");
    let (provider, question) = &questions[0];
    let seq = question.attempt.message.seq;
    assert_eq!(
        (provider.as_str(), question.sender.as_str(), question.attempt.attempt),
        ("telnyx", "MARCA", 1)
    );
    assert_eq!(question.phone, phone(seq));
    assert!(question.from < jiff::Timestamp::UNIX_EPOCH, "the attempt began then, and clocks differ");
    assert!(question.until > question.from);
    assert_eq!(asked(&desk, 10).await.len(), 1, "the one that is left");
    assert!(asked(&desk, 10).await.is_empty(), "all were asked of");
    stage.run("UPDATE record_questions SET again_at = now()").await;
    assert_eq!(asked(&desk, 10).await, [2, 3, 4]);
    let waits = "SELECT count(*) FROM record_questions WHERE questions = 2 AND again_at > now() + interval '3 minutes'";
    assert_eq!(stage.count(waits).await, 3, "four times the first wait");
}

#[tokio::test]
async fn one_of_all_workers_asks_and_what_is_known_by_now_is_not_asked_of() {
    let stage = Stage::running(2).await;
    stage.send_all(|message| outcome(message, Evidence::NoAnswer)).await;
    stage.run("UPDATE messages SET changed_at = now() - interval '2 minutes'").await;
    stage.report(stage.event("late", 2, 1, Report::Delivered)).await;
    let (one, other) = (desk(&stage, Duration::from_hours(1)), desk(&stage, Duration::from_hours(1)));
    let (first, second) = tokio::join!(asked(&one, 10), asked(&other, 10));
    assert_eq!([first, second].concat(), [1]);
}

#[tokio::test]
async fn a_record_is_a_receipt_and_settles_what_was_uncertain_once() {
    let stage = Stage::running(2).await;
    stage.send_all(|message| outcome(message, Evidence::NoAnswer)).await;
    let record = |id: &str, seq, report| ProviderEvent {
        kind: "message_detail_record".to_owned(),
        ..stage.event(id, seq, 1, report)
    };
    stage.report(record("record:a:dlr_timeout", 1, Report::Sent)).await;
    assert_eq!(stage.state_of(1).await, MessageState::Sent);
    for _ in 0..2 {
        stage.report(record("record:b:delivered", 2, Report::Delivered)).await;
    }
    assert_eq!(stage.state_of(2).await, MessageState::Delivered);
    assert_eq!(stage.count("SELECT count(*) FROM message_receipts").await, 2);
    stage.states().await;
}

/// A campaign that ended long ago: 1 delivered with a receipt, 2 delivered without, 3 failed.
async fn ended() -> Stage {
    let stage = Stage::running(3).await;
    stage
        .send_all(|message| match message.seq {
            3 => outcome(message, Evidence::Refused),
            _ => accepted(message),
        })
        .await;
    let event =
        ProviderEvent { payload: r#"{"told":1}"#.to_owned(), ..stage.event("a", 1, 1, Report::Delivered) };
    stage.report(event).await;
    stage.run("UPDATE campaigns SET state = 'completed', finished_at = now() - interval '1 hour'").await;
    stage
}

/// What is added for a slice when every message of it was billed two segments.
fn billed(slice: &BillSlice) -> BillStep {
    let usd = Currency::parse("USD").unwrap();
    let (mut tally, mut differing) = (BillTally::default(), Vec::new());
    for message in &slice.messages {
        let reckoned =
            Reckoned { state: message.state, reason: message.reason.as_deref(), segments: message.segments };
        let cost = Some(Money { micros: 100, currency: usd });
        let bill = Bill { provider_id: message.seq.to_string(), segments: 2, cost };
        if let Some(difference) = tally.add(reckoned, &[bill]) {
            differing.push(DifferingMessage {
                seq: message.seq,
                difference,
                segments: 1,
                billed_segments: 2,
            });
        }
    }
    let up_to = slice.messages.last().map(|message| message.seq);
    BillStep { campaign: slice.campaign, after: slice.after, up_to, tally, differing }
}

#[tokio::test]
async fn a_bill_is_added_up_slice_by_slice_and_each_slice_once() {
    let stage = ended().await;
    let desk = desk(&stage, Duration::ZERO);
    let waiting = desk.bill(stage.campaign).await.unwrap().unwrap();
    assert_eq!((waiting.state, waiting.as_of), (BillState::Waiting, None));
    let slice = desk.next_to_bill().await.unwrap().unwrap();
    assert_eq!((slice.provider.as_str(), slice.sender.as_str(), slice.after), ("telnyx", "MARCA", 0));
    let told: Vec<_> = slice.messages.iter().map(|message| message.payloads.clone()).collect();
    assert_eq!(told, [vec![r#"{"told":1}"#.to_owned()], Vec::new(), Vec::new()]);
    assert_eq!(slice.messages[2].state, MessageState::Failed);
    // Two workers looked at the same slice.
    for _ in 0..2 {
        desk.add_to_bill(billed(&slice)).await.unwrap();
    }
    let under_way = desk.bill(stage.campaign).await.unwrap().unwrap();
    assert_eq!(under_way.state, BillState::UnderWay);
    let rest = desk.next_to_bill().await.unwrap().unwrap();
    assert_eq!((rest.after, rest.messages.len()), (3, 0));
    desk.add_to_bill(billed(&rest)).await.unwrap();
    assert_eq!(desk.next_to_bill().await.unwrap(), None);
    let bill = desk.bill(stage.campaign).await.unwrap().unwrap();
    assert_eq!(bill.state, BillState::Complete);
    assert_eq!((bill.tally.sent, bill.tally.sent_segments), (2, 2));
    assert_eq!((bill.tally.billed, bill.tally.billed_segments), (3, 6));
    assert_eq!(bill.tally.costs, [Money { micros: 300, currency: Currency::parse("USD").unwrap() }]);
    assert_eq!(bill.tally.of(Difference::MoreSegments), 2);
    let differing: Vec<_> = bill.differing.iter().map(|one| (one.seq, one.difference)).collect();
    assert_eq!(
        differing,
        [(1, Difference::MoreSegments), (2, Difference::MoreSegments), (3, Difference::BilledUnsent)]
    );
    assert_eq!(bill.price_per_segment, Money { micros: 285_000, currency: Currency::MXN });
    assert_eq!(desk.bill(CampaignId(Uuid::nil())).await.unwrap(), None);
}

#[tokio::test]
async fn no_more_than_a_hundred_messages_are_kept_as_differing_and_single_messages_have_no_bill() {
    let stage = Stage::running(130).await;
    stage.send_all(accepted).await;
    stage.run("UPDATE campaigns SET state = 'canceled', finished_at = now()").await;
    let desk = desk(&stage, Duration::ZERO);
    assert_eq!(desk.next_to_bill().await.unwrap(), None, "it has only just ended");
    stage.run("UPDATE campaigns SET finished_at = now() - interval '1 hour', kind = 'single'").await;
    assert_eq!(desk.next_to_bill().await.unwrap(), None);
    stage.run("UPDATE campaigns SET kind = 'campaign'").await;
    let slice = desk.next_to_bill().await.unwrap().unwrap();
    desk.add_to_bill(billed(&slice)).await.unwrap();
    let bill = desk.bill(stage.campaign).await.unwrap().unwrap();
    assert_eq!((bill.differing.len(), bill.tally.of(Difference::MoreSegments)), (100, 130));
}
