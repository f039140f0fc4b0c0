//! What is queued to a number that is barred: skipped at once, and claimed by nobody.

use domain::contact::{Consent, ConsentChannel, ConsentKind, ContactId};
use domain::keyword::read;
use domain::message::{Evidence, MessageState};
use domain::port::{
    ContactDesk as _, Dispatch, NewSuppression, ReceiptStore, Remaining, Report, SuppressionStore as _,
};
use domain::request::Envelope;
use jiff::Timestamp;
use store_postgres::{PostgresContactDesk, PostgresSuppressionStore};

use super::stage::{Stage, accepted, outcome, phone, work};

fn by_ana() -> Envelope {
    Envelope::of_program("ana", Timestamp::UNIX_EPOCH)
}

async fn skipped_and_why(stage: &Stage) -> Vec<String> {
    let rows = stage
        .client
        .query("SELECT seq || ' ' || reason FROM messages WHERE state = 'skipped' ORDER BY seq", &[])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn whatever_way_a_number_is_barred_what_is_queued_to_it_is_skipped_at_once() {
    let stage = Stage::running(6).await;
    stage.run("INSERT INTO contacts (id, phone_national, is_valid) VALUES (7, 5512340001, true)").await;

    let suppressions = PostgresSuppressionStore::new(stage.test.database());
    let barred = NewSuppression { phone: phone(1), reason: None, expires_at: None };
    suppressions.add(barred, by_ana()).await.unwrap();

    let desk = PostgresContactDesk::new(stage.test.database());
    let said =
        Consent { kind: ConsentKind::OptOut, channel: ConsentChannel::Phone, reason: None, evidence: None };
    desk.consent(ContactId(7), said, by_ana()).await.unwrap().unwrap();

    let mut event = stage.event("in", 3, 1, Report::Inbound { text: "ALTO".to_owned() });
    event.reference = None;
    stage.engine().keep("telnyx", event, Some(read("ALTO"))).await.unwrap();

    assert_eq!(skipped_and_why(&stage).await, ["1 suppressed", "2 suppressed", "3 suppressed"]);
    assert_eq!(stage.states().await, [(MessageState::Queued, 3), (MessageState::Skipped, 3)].into());

    let claim = work(stage.engine().claim(stage.campaign).await.unwrap());
    assert_eq!(claim.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [4, 5, 6]);
    let outcomes = claim.messages.iter().map(accepted).collect();
    stage.engine().record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
    assert_eq!(stage.states().await, [(MessageState::Sent, 3), (MessageState::Skipped, 3)].into());
}

#[tokio::test]
async fn what_has_left_stays_and_what_waits_to_be_tried_again_does_not() {
    let stage = Stage::running(3).await;
    stage
        .send_all(|message| match message.seq {
            1 => accepted(message),
            2 => outcome(message, Evidence::NoAnswer),
            _ => {
                let later = std::time::Duration::from_hours(1);
                domain::port::AttemptOutcome { retry_in: later, ..outcome(message, Evidence::RefusedForNow) }
            }
        })
        .await;
    let suppressions = PostgresSuppressionStore::new(stage.test.database());
    for seq in 1..=3 {
        let barred = NewSuppression { phone: phone(seq), reason: None, expires_at: None };
        suppressions.add(barred, by_ana()).await.unwrap();
    }
    let expected = [(MessageState::Sent, 1), (MessageState::Uncertain, 1), (MessageState::Skipped, 1)];
    assert_eq!(stage.states().await, expected.into());
    stage.run("UPDATE due SET not_before = now() WHERE kind = 'retry'").await;
    stage.send_all(|message| panic!("message {} is sent", message.seq)).await;
    assert_eq!(stage.states().await, expected.into());
}

#[tokio::test]
async fn a_campaign_that_has_ended_is_left_as_it_is() {
    let stage = Stage::running(1).await;
    stage.run("UPDATE campaigns SET state = 'canceled'").await;
    let suppressions = PostgresSuppressionStore::new(stage.test.database());
    let barred = NewSuppression { phone: phone(1), reason: None, expires_at: None };
    suppressions.add(barred, by_ana()).await.unwrap();
    assert_eq!(stage.states().await, [(MessageState::Queued, 1)].into());
}

/// What the provider says of a number's carrier is believed of the number that the message went to, and of no other.
#[tokio::test]
async fn a_report_of_an_opt_out_skips_only_whom_it_bars() {
    let stage = Stage::running(2).await;
    let claim = work(
        stage.engine_with(|options| options.claim_messages_max = 1).claim(stage.campaign).await.unwrap(),
    );
    let outcomes = claim.messages.iter().map(accepted).collect();
    stage.engine().record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
    let report = Report::Undelivered { reason: "opted_out".to_owned(), opted_out: true };
    let mut forged = stage.event("forged", 1, 1, report.clone());
    forged.phone = Some(phone(2));
    stage.report(forged).await;
    assert_eq!(stage.states().await, [(MessageState::Queued, 1), (MessageState::Sent, 1)].into());
}
